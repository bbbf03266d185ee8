; What is called?
; Matches every call, at any depth. The reader takes those of a name or an attribute (`f(...)`, `a.b.f(...)`): a pattern that says
; so costs more to compile than all others together.
(call) @call
