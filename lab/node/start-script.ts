/** Fills in the variables of a start script, as a shell would; nothing is run. Pure. */

type Variables = Readonly<Record<string, string>>;

/** `${NAME}`, and `${NAME:-$OTHER}` or `${NAME:-text}` for a variable that may be absent. */
const reference = /\$\{(\w+)(?::-\$?(\w*))?\}/g;
/** A line such as `domain="${POD_NAME}.${NAMESPACE}"`. */
const assignment = /^(\w+)="([^"`]*)"$/;

const fill = (text: string, variables: Variables): string =>
  text.replaceAll(reference, (whole: string, name: string, other: string | undefined) => variables[name] ?? (other === undefined ? whole : (variables[other] ?? other)));

/** The script with the values of `environment` and of its own assignments; what it does not know stays as it is. */
export function filledIn(script: string, environment: Variables): string {
  const variables: Record<string, string> = { ...environment };
  for (const line of script.split('\n')) {
    const [, name, value] = assignment.exec(line.trim()) ?? [];
    if (name !== undefined && value !== undefined) variables[name] = fill(value, variables);
  }
  return fill(script, variables).replaceAll(/`echo ([^\s`|]+)`/g, '$1');
}
