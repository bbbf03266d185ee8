; What does a module import?
; Matches every import statement, at any depth (the reader tells a guarded one by its parents).
; Does not match `importlib.import_module(...)`.
(import_statement) @import
(import_from_statement) @import
(future_import_statement) @import
