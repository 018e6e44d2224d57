//! What is shipped to run mailwarden, kept true without a container engine or a cluster: the example settings hold
//! only keys that this version accepts, the manifests keep their promises, and no document links to nowhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken file must stop the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mailwarden::engine::Schedule;
use mailwarden::report::Colour;
use mailwarden::settings;
use serde_yaml::Value;

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_yaml::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn shipped_settings_load() {
    for path in ["deploy/mailwarden.example.yaml", "deploy/kubernetes/mailwarden.yaml"] {
        let inputs = settings::LoadInputs {
            path: None,
            environment: &[],
            overrides: &[],
            check_schedule: &|text, zone| {
                let zone = Schedule::zone(zone).map_err(|error| error.to_string())?;
                Schedule::parse(text, zone).map(|_| ()).map_err(|error| error.to_string())
            },
        };
        if let Err(error) = settings::parse(&at(path), text(path).as_bytes(), &inputs) {
            panic!("{path}:\n{}", error.render(Colour::Never));
        }
    }
}

#[test]
fn the_deployment_keeps_its_promises() {
    let deployment = yaml("deploy/kubernetes/deployment.yaml");
    let spec = &deployment["spec"];
    assert_eq!(spec["replicas"], 1, "one writer for a tenant");
    assert_eq!(spec["strategy"]["type"], "Recreate", "the old pod holds the tenant until it is gone");
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["enableServiceLinks"], false);
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() > 8, "calls in flight get 8 s at a stop");
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let container = &pod["containers"][0];
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["securityContext"]["capabilities"]["drop"][0], "ALL");
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/healthz");
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert!(
        !text("deploy/kubernetes/deployment.yaml").contains("subPath"),
        "a subPath mount never sees an updated ConfigMap: mount the directory"
    );
}

#[test]
fn mounts_and_settings_of_the_cluster_agree() {
    let deployment = yaml("deploy/kubernetes/deployment.yaml");
    let mounts = &deployment["spec"]["template"]["spec"]["containers"][0]["volumeMounts"];
    let mounted: Vec<&str> =
        mounts.as_sequence().unwrap().iter().map(|m| m["mountPath"].as_str().unwrap()).collect();
    let settings = yaml("deploy/kubernetes/mailwarden.yaml");
    let secret = settings["tenants"][0]["auth"]["clientSecretFile"].as_str().unwrap();
    let history = settings["history"]["url"].as_str().unwrap().trim_start_matches("sqlite:");
    for path in [settings["policies"]["path"].as_str().unwrap(), secret, history] {
        assert!(
            mounted.iter().any(|mount| path.starts_with(mount)),
            "{path} lies on no mount of {mounted:?}"
        );
    }
}

#[test]
fn compose_services_can_change_nothing_but_their_volumes() {
    for path in ["deploy/compose.yaml", "deploy/compose.demo.yaml"] {
        let services = yaml(path);
        for (name, service) in services["services"].as_mapping().unwrap() {
            let name = name.as_str().unwrap();
            assert_eq!(service["read_only"], true, "{path}: {name}");
            assert_eq!(service["cap_drop"][0], "ALL", "{path}: {name}");
            assert_eq!(service["security_opt"][0], "no-new-privileges:true", "{path}: {name}");
            for port in service["ports"].as_sequence().unwrap() {
                assert!(
                    port.as_str().unwrap().starts_with("127.0.0.1:"),
                    "{path}: {name} publishes {port:?}"
                );
            }
        }
    }
}

#[test]
fn the_image_has_no_root_and_no_shell_form() {
    let dockerfile = text("Dockerfile");
    let last = dockerfile.rsplit("\nFROM ").next().unwrap();
    for line in [
        "USER 65532:65532",
        "STOPSIGNAL SIGTERM",
        r#"ENTRYPOINT ["mailwarden"]"#,
        r#"CMD ["run"]"#,
        "ENV MAILWARDEN_CONFIG=/etc/mailwarden/mailwarden.yaml",
    ] {
        assert!(last.lines().any(|l| l == line), "the final stage lacks `{line}`");
    }
    assert!(last.contains(r#"CMD ["mailwarden", "healthcheck"]"#));
    assert!(!last.contains("\nRUN "), "the final stage has no shell to run anything with");
}

#[test]
fn one_version_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    for (path, line) in [
        ("Dockerfile", format!("ARG VERSION={version}")),
        ("deploy/kubernetes/kustomization.yaml", format!("newTag: {version}")),
        ("CHANGELOG.md", format!("## {version}")),
        ("docs/operations.md", format!("newTag: {version}")),
    ] {
        assert!(text(path).contains(&line), "{path} does not hold `{line}`, the version of Cargo.toml");
    }
}

#[test]
fn the_starter_set_is_the_baseline() {
    let copies = std::fs::read_dir(at("deploy/kubernetes/policies")).unwrap();
    let copied: BTreeSet<_> = copies.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let listed = yaml("deploy/kubernetes/kustomization.yaml");
    for name in &copied {
        let file = format!("policies/{name}");
        assert!(
            listed["configMapGenerator"][1]["files"]
                .as_sequence()
                .unwrap()
                .iter()
                .any(|f| f == file.as_str()),
            "deploy/kubernetes/kustomization.yaml does not list {file}"
        );
        assert_eq!(
            text(&format!("deploy/kubernetes/{file}")),
            text(&file),
            "copy {file} to deploy/kubernetes/"
        );
    }
    let shipped = std::fs::read_dir(at("policies")).unwrap().map(|entry| entry.unwrap().path());
    let shipped = shipped.filter(|path| path.extension().is_some_and(|ext| ext == "yaml"));
    let shipped: BTreeSet<_> =
        shipped.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(copied, shipped, "deploy/kubernetes/policies is the baseline in policies/");
}

#[test]
fn documents_link_to_what_exists() {
    let docs = std::fs::read_dir(at("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut documents: Vec<String> = docs.map(|name| format!("docs/{}", name.to_string_lossy())).collect();
    documents.extend(["README.md".to_owned(), "CHANGELOG.md".to_owned()]);
    for document in documents.iter().filter(|name| name.ends_with(".md")) {
        let home = at(document).parent().unwrap().to_path_buf();
        for link in links(&text(document)) {
            let target = link.split('#').next().unwrap().to_owned();
            let outside = link.contains("://") || link.starts_with("mailto:") || target.is_empty();
            if !outside {
                assert!(home.join(&target).exists(), "{document} links to {link}, which does not exist");
            }
        }
    }
}

fn links(markdown: &str) -> Vec<&str> {
    let after = markdown.split("](").skip(1);
    after.filter_map(|rest| rest.split(')').next()).collect()
}
