/**
 * Which objects came earlier in a message.
 *
 * @module
 */

/** Up to here looking through a list for an object is faster than a Map. */
const LISTED_OBJECTS = 16;

/** Numbers the objects of a message in the order of their arrival, as the decoder does. */
export class ObjectNumbers {
  readonly #listed: (object | undefined)[] = new Array(LISTED_OBJECTS).fill(undefined);
  // All of them, once there are more than the list holds.
  #numbers: Map<object, number> | undefined;
  #count = 0;

  /** How many objects have a number. */
  get count(): number {
    return this.#count;
  }

  /** The number of an object that came earlier; -1 for a new one, which gets the next number. */
  register(value: object): number {
    const count = this.#count;
    if (count >= LISTED_OBJECTS) return this.#registerInMap(value);
    const listed = this.#listed;
    for (let i = 0; i < count; i++) {
      if (listed[i] === value) return i;
    }
    listed[count] = value;
    this.#count = count + 1;
    return -1;
  }

  #registerInMap(value: object): number {
    this.#numbers ??= new Map(this.#listed.map((object, number) => [object!, number]));
    const number = this.#numbers.get(value);
    if (number !== undefined) return number;
    this.#numbers.set(value, this.#count++);
    return -1;
  }

  /** Whether an object has a number. */
  has(value: object): boolean {
    return this.#numbers?.has(value) ?? this.#listed.includes(value);
  }

  /** Lets go of all objects but the first `count`. */
  truncate(count: number): void {
    if (count <= LISTED_OBJECTS) {
      this.#numbers = undefined;
      const used = Math.min(this.#count, LISTED_OBJECTS);
      for (let i = count; i < used; i++) this.#listed[i] = undefined;
    } else {
      for (const [object, number] of this.#numbers!) if (number >= count) this.#numbers!.delete(object);
    }
    this.#count = count;
  }
}
