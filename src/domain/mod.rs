//! Nouns of the field.
