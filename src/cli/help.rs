//! What the help of each command says beside its options: a paragraph, examples, and exit codes. No line is over 100 columns.

/// The paragraph of a command stands where its line of the list of commands would.
pub const TEMPLATE: &str = "{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

pub const PAXX: &str = "\
First steps:
  paxx list                   the components, and which of them are in this project
  paxx info redis             what a component is, before it is added
  paxx add redis --dry-run    what would change
  paxx add redis              show it, ask, do it
  paxx undo                   take it back

`paxx help COMMAND` tells more of each, with examples and exit codes.";

pub const ADD: &str = "\
Add components. What is missing in the project is planned, shown as a diff, asked for, and written: all of it or nothing. \
What a component requires comes along; what is there already, whoever wrote it, is used. A second run changes nothing. \
Without a name, on a terminal, the components are listed to choose from.";

pub const ADD_MORE: &str = "\
Examples:
  paxx add redis --dry-run        print the diff, write nothing
  paxx add metrics arq --yes      add two components, and what they require, without a question

Exit codes:
  0    done, or nothing to do; of a dry run: it could be done
  1    you said no; with --exit-code: something would change
  2    not done and nothing written; the message says why, and what to type next
  130  interrupted before anything was changed";

pub const REMOVE: &str = "\
Take components out again: what they brought and no other component needs. What was there before stays, and so does what \
you changed since, which is named. It works months later, after formatters and edits of yours.";

pub const REMOVE_MORE: &str = "\
Examples:
  paxx remove redis --dry-run     print the diff, write nothing
  paxx remove metrics storage     show it, ask, do it

Exit codes:
  0    done; of a dry run: it could be done
  1    you said no; with --exit-code: something would change
  2    not done and nothing written; the message says why, and what to type next
  130  interrupted before anything was changed";

pub const LIST: &str = "\
List the components: name, one line, what they require, and whether they are in this project: installed, not installed, or \
needs attention, which `paxx check` tells more of. It works outside of a project too.";

pub const LIST_MORE: &str = "\
Examples:
  paxx list                                           everything there is
  paxx list --format json | jq '.components[].name'   for programs

Exit codes:
  0  listed
  2  the project, or its paxx.lock, cannot be read";

pub const INFO: &str = "\
Show what a component is, before it is added: its modules and their public functions, its settings and their defaults, its \
packages, what it brings to compose and to the application, and what to do after adding it. The same for every project.";

pub const INFO_MORE: &str = "\
Examples:
  paxx info redis
  paxx info websocket | less

Exit codes:
  0  shown
  2  there is no such component";

pub const CHECK: &str = "\
Check whether the components that are installed, or those that are named, are still installed correctly. Each finding has a \
code, a place and what to do; nothing is changed without --fix, which mends what is marked [*] by the same diff and \
question as `paxx add`. In a folder above several projects, all that have a paxx.lock are checked.";

pub const CHECK_MORE: &str = "\
Examples:
  paxx check                                what is installed here
  paxx check --format github --ignore PX106   in a pipeline
  paxx check --watch                        again with each change

Exit codes:
  0  clean, or notes alone
  1  an error or a warning was found; with --diff or --exit-code: something would change
  2  it could not be checked";

pub const EXPLAIN: &str = "\
Explain a finding: what it means, why it matters, and how to mend it. For a component it is the page of `paxx info`.";

pub const EXPLAIN_MORE: &str = "\
Examples:
  paxx explain PX101
  paxx explain redis

Exit codes:
  0  explained
  2  there is no such finding";

pub const KEEP: &str = "\
Keep a generated module that you made your own. It is noted in paxx.lock: `paxx check` has no note of it any more, and \
`paxx remove` leaves it where it is.";

pub const KEEP_MORE: &str = "\
Examples:
  paxx keep services/cache.py              it is mine now
  paxx keep services/cache.py --no-more    it is not

Exit codes:
  0  noted, or noted before
  1  you said no; with --exit-code: something would change
  2  not done: it is no module of an installed component";

pub const UNDO: &str = "\
Take the last change that was applied back, byte for byte. It is refused where a file has changed since; `paxx remove` \
then takes out what a component brought, and keeps what is yours. It is one step deep.";

pub const UNDO_MORE: &str = "\
Examples:
  paxx undo --dry-run     print the diff, write nothing
  paxx undo --yes         without a question

Exit codes:
  0    done
  1    you said no; with --exit-code: something would change
  2    not done: there is nothing to undo, or a file has changed since
  130  interrupted before anything was changed";

pub const HELP: &str = "Show the help of paxx, or of one of its commands.";

pub const HELP_MORE: &str = "\
Examples:
  paxx help
  paxx help check

Exit codes:
  0  shown
  2  there is no such command";

pub const INFRA: &str = "\
The same as `paxx list`, `paxx add` and `paxx remove`; the list is of infrastructure alone.";

pub const INFRA_MORE: &str = "\
Examples:
  paxx infra list
  paxx infra add redis

Exit codes:
  those of the command behind it";

pub const EXT: &str = "\
The same as `paxx list`, `paxx add` and `paxx remove`; the list is of extensions alone.";

pub const EXT_MORE: &str = "\
Examples:
  paxx ext list
  paxx ext add arq

Exit codes:
  those of the command behind it";

pub const FEATURE: &str = "The same as `paxx list`, `paxx add` and `paxx remove`.";

pub const FEATURE_MORE: &str = "\
Examples:
  paxx feature list
  paxx feature add redis

Exit codes:
  those of the command behind it";

pub const COMPLETIONS: &str = "\
Print a script that completes command lines: commands, options, components, codes of findings, and folders. Source it, or \
put it where your shell looks.";

pub const COMPLETIONS_MORE: &str = "\
Examples:
  source <(paxx completions bash)
  paxx completions fish > ~/.config/fish/completions/paxx.fish

Exit codes:
  0  printed";

pub const MAN: &str = "\
Print the manual page of paxx, or of one of its commands, for `man`. A page is called as its file is: paxx-add.1.";

pub const MAN_MORE: &str = "\
Examples:
  paxx man > paxx.1
  paxx man add > paxx-add.1

Exit codes:
  0  printed
  2  there is no such command";
