//! env_variable.
