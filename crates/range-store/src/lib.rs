//! Keeps: the part file and its journal.
