// What the workers of every JavaScript pool run; the same bodies as bench/cases/.

export function one(i) {
  return i * 2 + 1;
}

export function batch([from, to]) {
  const results = new Array(to - from);
  for (let i = from; i < to; i++) results[i - from] = one(i);
  return results;
}

export function object(i) {
  return { i, s: "item " + i, v: [i, i + 0.5] };
}

export function objects([from, to]) {
  const results = new Array(to - from);
  for (let i = from; i < to; i++) results[i - from] = object(i);
  return results;
}
