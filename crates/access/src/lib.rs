//! Who may do what, as a table; scopes.
