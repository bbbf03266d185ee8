; Where are functions and classes defined?
; Matches them at any depth, decorated or not. Does not match lambdas.
(function_definition) @function
(class_definition) @class
