# Three stages: dependencies (a layer that changes only with Cargo.lock), the binary, the image.
# The image holds the binary, the C library and CA certificates: no shell, no package manager.
ARG RUST_IMAGE=rust:1.95-slim-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST_IMAGE} AS dependencies
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
# Empty targets: cargo compiles every dependency and nothing of ours.
RUN mkdir src \
 && printf '//! Placeholder.\n' > src/lib.rs \
 && printf '//! Placeholder.\nfn main() {}\n' > src/main.rs \
 && cargo build --release --locked \
 && rm -rf src target/release/.fingerprint/mailwarden-* target/release/mailwarden target/release/libmailwarden*

FROM dependencies AS binary
# The commit that `mailwarden version` prints; a build context has no .git.
ARG REVISION=unknown
ENV MAILWARDEN_REVISION=${REVISION}
COPY policies ./policies
COPY src ./src
RUN cargo build --release --locked --bin mailwarden \
 && mkdir -p /image/usr/local/bin /image/var/lib/mailwarden \
 && cp target/release/mailwarden /image/usr/local/bin/mailwarden

FROM ${RUNTIME_IMAGE}
ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="mailwarden" \
      org.opencontainers.image.description="Policy-as-code reconciler for mailbox auditing in Exchange Online" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=binary /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=binary /image/usr/local/bin/mailwarden /usr/local/bin/mailwarden
# History lives here: mount a volume, or it ends with the container.
COPY --from=binary --chown=65532:65532 /image/var/lib/mailwarden /var/lib/mailwarden
ENV MAILWARDEN_CONFIG=/etc/mailwarden/mailwarden.yaml
USER 65532:65532
WORKDIR /var/lib/mailwarden
VOLUME ["/var/lib/mailwarden"]
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["mailwarden", "healthcheck"]
ENTRYPOINT ["mailwarden"]
CMD ["run"]
