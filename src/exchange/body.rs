//! The bytes of an answer, bounded, and decoded by what they are rather than by what the headers claim.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;

use super::transport::{Body, TransportError};

/// The largest page that is read: a thousand untrimmed rows take about 16 MB.
pub(super) const PAGE_BOUND: usize = 64 * 1024 * 1024;
/// The largest part of an error's body that is looked at.
pub(super) const ERROR_BOUND: usize = 64 * 1024;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why a body is not there in full.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The connection broke.
    Broken(TransportError),
    /// More than the bound.
    TooLarge,
    /// Compressed, and cut off or damaged.
    Damaged,
}

/// What to do with more than the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// It is an error.
    Refuse,
    /// The beginning is enough: the rest is not read.
    Drop,
}

/// Reads a body of at most `bound` bytes, before and after decompression.
///
/// Whether it is compressed is told by its first bytes: the service's 403 claims gzip and is a run of
/// NUL bytes (recorded traffic of 2026).
pub(super) async fn read(mut body: Body, bound: usize, excess: Excess) -> Result<Bytes, BodyError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(BodyError::Broken)?;
        if bytes.len() + chunk.len() > bound {
            match excess {
                Excess::Refuse => return Err(BodyError::TooLarge),
                Excess::Drop => {
                    bytes.extend_from_slice(&chunk[..bound - bytes.len()]);
                    break;
                }
            }
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.starts_with(&GZIP_MAGIC) {
        return inflate(&bytes, bound, excess);
    }
    Ok(bytes.freeze())
}

fn inflate(compressed: &[u8], bound: usize, excess: Excess) -> Result<Bytes, BodyError> {
    let mut plain = Vec::new();
    // One byte over the bound is enough to know that it is exceeded.
    let outcome = MultiGzDecoder::new(compressed).take(bound as u64 + 1).read_to_end(&mut plain);
    match (outcome, excess) {
        (Err(_), Excess::Refuse) => return Err(BodyError::Damaged),
        (Ok(_), Excess::Refuse) if plain.len() > bound => return Err(BodyError::TooLarge),
        _ => plain.truncate(bound),
    }
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn body(chunks: &[&[u8]]) -> Body {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        Box::pin(futures_util::stream::iter(chunks))
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).expect("written");
        encoder.finish().expect("compressed")
    }

    #[tokio::test]
    async fn what_is_compressed_is_decoded_and_what_only_claims_to_be_is_not() {
        let packed = gzip(b"{\"value\":[]}");
        let read_back = read(body(&[&packed[..5], &packed[5..]]), 100, Excess::Refuse).await;
        assert_eq!(read_back.expect("decoded"), "{\"value\":[]}");
        let nul = read(body(&[&[0; 40]]), 100, Excess::Refuse).await;
        assert_eq!(nul.expect("as it is"), [0u8; 40].as_slice());
    }

    #[tokio::test]
    async fn the_bound_holds_before_and_after_decompression() {
        assert!(matches!(read(body(&[&[b'a'; 101]]), 100, Excess::Refuse).await, Err(BodyError::TooLarge)));
        let bomb = gzip(&[b'a'; 10_000]);
        assert!(bomb.len() < 100);
        assert!(matches!(read(body(&[&bomb]), 100, Excess::Refuse).await, Err(BodyError::TooLarge)));
        assert_eq!(read(body(&[&bomb]), 100, Excess::Drop).await.expect("its beginning").len(), 100);
    }

    #[tokio::test]
    async fn a_compressed_body_that_is_cut_off_is_damaged() {
        let packed = gzip(b"{\"value\":[1,2,3]}");
        let cut = read(body(&[&packed[..packed.len() - 6]]), 100, Excess::Refuse).await;
        assert!(matches!(cut, Err(BodyError::Damaged)));
    }
}
