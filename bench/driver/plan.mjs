import { addArrays } from "./plan/arrays.mjs";
import { TaskList } from "./plan/task_list.mjs";
import { addWorkers } from "./plan/workers.mjs";

/** Every process of one run, as {@link TaskList} describes them. */
export function plan(options) {
  const list = new TaskList(options);
  addWorkers(list);
  addArrays(list);
  return list.tasks;
}
