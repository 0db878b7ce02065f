// askServer asks the server that the page came from: each line of what it says is how far it is,
// or the end. What goes wrong is thrown, with a hint where there is one.
metron.askServer = async (question, { signal, progress }) => {
  const response = await fetch("/api/answer?" + new URLSearchParams(question), { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const said = JSON.parse(line);
      if (said.error) throw Object.assign(new Error(said.error), { hint: said.hint });
      if (said.answer) return said.answer;
      progress(said.rows);
    }
    if (done) throw new Error("the server left before it answered");
  }
};
