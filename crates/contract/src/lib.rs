//! Subjects, envelope, typed events, documents, streams; the only protobuf.
