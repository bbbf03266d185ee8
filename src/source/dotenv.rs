//! Located entries of dotenv files.
