//! **Inflating** damaged objects: what comes out is what a streaming reader gets,
//! never more than the cap, and owes nothing to the object before.

use std::cell::RefCell;
use std::io::Read as _;

use ingest::Limits;
use ingest::fuzz::ObjectInflater;

const CAP: usize = 1 << 20;

/// Most bytes before damage that may be given up.
const LOST_MAX: usize = 1024;

thread_local! {
    static KEPT: RefCell<ObjectInflater> = RefCell::new(ObjectInflater::new());
}

pub(crate) fn run(stored: &[u8]) {
    let limits = Limits { document_bytes_max: CAP as u64, ..Limits::default() };
    let mut fresh = ObjectInflater::new();
    let (document, error) = fresh.document(stored, &limits);
    assert!(document.len() <= CAP, "more than the cap");
    KEPT.with_borrow_mut(|kept| {
        let (again, error_again) = kept.document(stored, &limits);
        assert!(document == again, "a kept buffer gives another document");
        assert_eq!(error, error_again);
    });
    if stored.starts_with(&[0x1f, 0x8b]) {
        let (streamed, whole) = streamed(stored);
        assert_eq!(whole, error.is_none(), "{error:?}");
        if streamed.len() <= CAP {
            assert!(streamed.starts_with(document), "not what a streaming reader gets");
            let lost = streamed.len() - document.len();
            assert!(lost == 0 || !whole && lost <= LOST_MAX, "{lost} bytes before the damage");
        }
    } else if !stored.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        assert!(document == stored && error.is_none(), "{error:?}");
    }
}

/// What a streaming reader gets in small bites, up to the cap, and whether that
/// is all there is.
fn streamed(stored: &[u8]) -> (Vec<u8>, bool) {
    let mut document = Vec::new();
    let mut decoder = flate2::bufread::GzDecoder::new(stored);
    let mut bite = [0; 64];
    while document.len() <= CAP {
        match decoder.read(&mut bite) {
            Ok(0) => return (document, decoder.into_inner().is_empty()),
            Ok(length) => document.extend_from_slice(&bite[..length]),
            Err(_) => break,
        }
    }
    (document, false)
}
