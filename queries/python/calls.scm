; What is called, by name or on an object?
; Matches `f(...)` and `a.b.f(...)`. Does not match a call of a call's result (`f()()`) or of a subscript.
(call function: [(identifier) (attribute)]) @call
