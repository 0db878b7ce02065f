// metron is what the files of the page share. A part of the page registers itself:
//
//   metron.module({ id: "ask", title: "Ask", wants: (doc) => true, render(root, page) {} })
const metron = globalThis.metron = {
  modules: [],
  module(m) { metron.modules.push(m); },
};
