// store holds a value that parts of the page share. watch calls f now and at each change.
metron.store = (value) => {
  const watchers = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const f of watchers) f(value);
    },
    watch(f) {
      watchers.add(f);
      f(value);
      return () => watchers.delete(f);
    },
  };
};
