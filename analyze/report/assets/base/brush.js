// brush lets a window be drawn on a chart, whose ends snap to bins, and shows the one of
// the store on it. It is uPlot's plugin; snap gives [from, to] in seconds for two moments.
metron.brush = (store, snap) => {
  const show = (u) => {
    const window = store.get();
    const [left, right] = window === null ? [0, 0] : [window.from, window.to].map((s) => u.valToPos(s, "x"));
    u.setSelect({ left, top: 0, width: right - left, height: u.over.clientHeight }, false);
  };
  const draw = (u) => {
    let start = null;
    const moment = (e) => u.posToVal(Math.max(0, Math.min(u.over.clientWidth, e.clientX - u.over.getBoundingClientRect().left)), "x");
    u.over.addEventListener("pointerdown", (e) => {
      if (e.button !== 0) return;
      start = { x: e.clientX, at: moment(e), moved: false };
      u.over.setPointerCapture(e.pointerId);
    });
    u.over.addEventListener("pointermove", (e) => {
      if (start === null) return;
      start.moved ||= Math.abs(e.clientX - start.x) > 4;
      if (!start.moved) return;
      const [from, to] = snap(Math.min(start.at, moment(e)), Math.max(start.at, moment(e)));
      store.set({ from, to });
    });
    u.over.addEventListener("pointerup", () => {
      if (start !== null && !start.moved) store.set(null); // a click ends the window
      start = null;
    });
    u.over.addEventListener("pointercancel", () => { start = null; });
  };
  let stop = null;
  return {
    hooks: {
      ready: (u) => {
        draw(u);
        stop = store.watch(() => show(u));
      },
      setSize: show,
      destroy: () => stop?.(),
    },
  };
};
