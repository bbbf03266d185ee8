; Where does a function hand over control?
; Matches `yield` and `return`. Does not match `await` and `raise`.
(yield) @yield
(return_statement) @return
