; What is assigned or annotated?
; Matches `a = b`, `a: T = b` and `a: T`, at any depth. Does not match `a += b` and `(a := b)`.
(assignment) @assignment
