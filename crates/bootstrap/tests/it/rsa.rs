//! A key of 2048 bits and a token it signed (claims as `Issuer::claims`, expiring in 2100). The private half was
//! thrown away: ring makes no RSA keys, so this one case is a recorded one.

/// `n` of the public key; `e` is AQAB.
pub const MODULUS: &str = "qkNFqscmJguWnYPf2p39iYR2C0gMAKZmesrYbDHRoCAsq-60l6yNn9wHKWypLJUuTE5QG6tzeadXNUHZfyXFRneORHIbUyzm\
    XPCxueG4rARTH4oEo3ykHdSTyjMjJ5mffKaT9FYJ5EntLgPTetYHPzbW3dtq7SbgRAV217nhgIBxLNkGXD2PSAGYpbfImVcD\
    jZHrwTOHSvkdp9L44CME66OU909eUpFS4cf9HMzq-dBiYWdlgpac8rlnuZ3oIzTTi1F1i5UkU3_Ongj00Tp_3FDsiNk4jn8I\
    OVxONRpp5v6JnLYOqjHtTbYZoDC-aN_5PnWjnjaGUsvGygJuOxTGfw";

/// Header alg RS256, kid `rsa`.
pub const TOKEN: &str = "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInJzYSJ9.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIudGVzdCIsICJhdWQiOiAic3R\
    yZWV0d2lzZSIsICJzdWIiOiAiZ3JpZC13b3JrZXIiLCAiZXhwIjogNDEwMjQ0NDgwMH0.HF8pYpEiuIySc1KZvyJsxahcspH\
    nPioSqilqv-otu8Z8xFfQaG7kZvM6TQi34RuyrCSF5UdqK-otb0sLpRUbKPsNQXjUPcuBz-3odMEO7wsg8CljmZDaS1UxSn7\
    HwAMD0zhF9zjldhrj6hh5eTgS8Fwi1ARCYjQksV-wxud-4ZYUjmteYVdgNhrDzsIaFZ05SAefT2ip01jkijJyc31kTfZ6IPy\
    hvPVBnp66-aO_rJD7isn2gt-IPRxdWcs06WgdVXt9ZcYrNlbmKEiM-l4QV7OTe9NU0Hs4jUU23rCkW7tje8SF9qn3TyIvnup\
    44QCnSRBlqp0bcskV_e2kmbQzvw";
