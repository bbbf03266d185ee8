; What has a body?
; Matches the body of every compound statement, clause and `match`, also an empty one, which the grammar lets through and Python does
; not. Does not match the module itself.
(block) @body
