/**
 * Words for a line that is no row: only now does anybody ask for its number.
 *
 * @module
 */
import { FormatError } from "../errors.ts";
import { storeField } from "./field.ts";
import { firstRow, type FoundRow, lineNumber } from "./lines.ts";
import type { RowPlan } from "./row_plan.ts";
import type { TextSource } from "./text_source.ts";

/** What is wrong with the line that begins at `offset`, which is no row; `first` is the first row of the text. */
export function badLineError(
  source: TextSource,
  offset: number,
  plan: RowPlan,
  first: FoundRow,
  what: string,
): FormatError {
  const fields = firstRow(source, offset, plan, what)?.fields ?? [];
  const where = `${what}: line ${lineNumber(source, offset)}`;
  const scratch = new Float64Array(1);
  const words = new Int32Array(scratch.buffer);
  const isTooFew = fields.length < plan.fields;
  const isTooMany = !plan.isRagged && fields.length > plan.fields;
  if (isTooFew || isTooMany) {
    const wanted = plan.isRagged
      ? `at least ${plan.fields}, for the columns asked for`
      : `${first.fields.length} as in line ${lineNumber(source, first.offset)}`;
    return new FormatError(`${where} has ${fields.length} columns, wanted ${wanted}`);
  }
  for (let k = 0; k < plan.fields; k++) {
    if (plan.slots[k]! < 0 || storeField(plan, k, fields[k]!, scratch, words, 0)) continue;
    const text = JSON.stringify(fields[k]!.length > 40 ? `${fields[k]!.slice(0, 40)}…` : fields[k]);
    return new FormatError(
      `${where}, column ${k + 1}: wanted a number of dtype "${plan.dtypes[k]}", got ${text}`,
    );
  }
  return new FormatError(`${where} is no row of the table`);
}
