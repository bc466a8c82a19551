//! **zlib-ng**, called directly: flate2 can hold one backend only.

use std::mem::{MaybeUninit, size_of};

use anyhow::ensure;
use libz_ng_sys as zng;

/// gzip, with the largest window.
const WINDOW_BITS: i32 = 16 + 15;

/// A stream that is reset for each file. On the heap, as zlib-ng keeps its
/// address.
pub struct Stream(Box<zng::z_stream>);

impl Stream {
    pub fn new() -> anyhow::Result<Self> {
        // All zeros is what zlib asks for: no input, no allocator of ours.
        let mut stream = Box::new(MaybeUninit::<zng::z_stream>::zeroed());
        let bytes = i32::try_from(size_of::<zng::z_stream>())?;
        // SAFETY: the pointer is valid, and the stream is not moved off the heap.
        let answer = unsafe {
            zng::inflateInit2_(stream.as_mut_ptr(), WINDOW_BITS, zng::zlibVersion(), bytes)
        };
        ensure!(answer == zng::Z_OK, "zlib-ng: inflateInit2 answers {answer}");
        // SAFETY: it has put its own allocator in, the only part that may not be zero.
        Ok(Self(unsafe { stream.assume_init() }))
    }

    /// Inflates one file in one go.
    pub fn inflate(&mut self, stored: &[u8], document: &mut [u8]) -> anyhow::Result<usize> {
        let stream = &mut *self.0;
        // SAFETY: both slices outlive the calls, and their lengths are given.
        let answer = unsafe {
            zng::inflateReset(stream);
            stream.next_in = stored.as_ptr().cast_mut();
            stream.avail_in = u32::try_from(stored.len())?;
            stream.next_out = document.as_mut_ptr();
            stream.avail_out = u32::try_from(document.len())?;
            zng::inflate(stream, zng::Z_FINISH)
        };
        ensure!(answer == zng::Z_STREAM_END, "zlib-ng: inflate answers {answer}");
        Ok(document.len() - stream.avail_out as usize)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`.
        unsafe { zng::inflateEnd(&raw mut *self.0) };
    }
}
