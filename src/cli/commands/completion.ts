/**
 * `kvctl completion SHELL`: a script for the shell to read. The scripts know nothing: at every Tab they ask `kvctl
 * __complete`, so that verbs, options and node names are always those of the kvctl that is there.
 */
import { Argument, type Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';

type Shell = 'bash' | 'zsh' | 'fish';

export function describe(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        'source <(kvctl completion bash)                                  # now; put it into ~/.bashrc for ever',
        'source <(kvctl completion zsh)                                   # the same, for ~/.zshrc',
        'kvctl completion fish > ~/.config/fish/completions/kvctl.fish',
      ),
    );
}

export async function run(context: Context, _options: object, shell: Shell): Promise<number> {
  context.out.result({ table: () => SCRIPTS[shell], json: { shell, script: SCRIPTS[shell] } });
  return EXIT.ok;
}

/** bash splits words at `=`, which complete.ts knows. `:files` stands for the shell's own completion of file names. */
const BASH = `\
# kvctl completion for bash
_kvctl() {
  local line
  COMPREPLY=()
  while IFS=$'\\t' read -r line _; do
    if [[ $line == :files ]]; then compopt -o default; return; fi
    COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[,=] ]]; then compopt -o nospace; fi
}
complete -F _kvctl kvctl
`;

const ZSH = `\
#compdef kvctl
# kvctl completion for zsh
_kvctl() {
  local text description
  local -a found
  while IFS=$'\\t' read -r text description; do
    if [[ $text == :files ]]; then _files; return; fi
    found+=("\${text//:/\\\\:}:$description")
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe kvctl found
}
if [[ $funcstack[1] == _kvctl ]]; then _kvctl "$@"; else compdef _kvctl kvctl; fi
`;

const FISH = `\
# kvctl completion for fish
function __kvctl_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null)
  if string match -q ':files*' -- $found[1]
    __fish_complete_path "$current"
  else
    printf '%s\\n' $found
  end
end
complete -c kvctl -f -a '(__kvctl_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
