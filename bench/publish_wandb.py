"""Has W&B's own `wandb sync` upload a folder that metron wrote, to a server of its
protocol on loopback, and compares what arrives with the result that metron printed.

usage: publish_wandb.py WANDB FOLDER RESULT.json
"""
import gzip, http.server, json, os, subprocess, sys, tempfile, threading

arrived = {"summary": {}, "runs": [], "complete": False}


class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, what):
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path.endswith("/file_stream"):
            stream = json.loads(body)
            for line in stream.get("files", {}).get("wandb-summary.json", {}).get("content", []):
                arrived["summary"].update(json.loads(line))
            arrived["complete"] = arrived["complete"] or bool(stream.get("complete"))
            return self.answer({"limits": {}})
        if not self.path.endswith("/graphql"):
            return self.answer({})
        request = json.loads(body)
        if "upsertBucket" in request["query"]:
            arrived["runs"].append(request["variables"])
            project = {"id": "p", "name": request["variables"].get("project"), "entity": {"id": "e", "name": "team"}}
            bucket = {"id": "b", "name": request["variables"].get("name"), "displayName": "run", "description": "", "config": "{}",
                      "sweepName": None, "historyLineCount": 0, "project": project}
            return self.answer({"data": {"upsertBucket": {"bucket": bucket, "inserted": True}}})
        if "createRunFiles" in request["query"]:
            return self.answer({"data": {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": []}}})
        self.answer({"data": {"serverInfo": {"features": []}, "viewer": {"id": "v", "entity": "team", "username": "me", "flags": "{}", "teams": {"edges": []}}}})

    def do_GET(self):
        self.answer({})


wandb, folder, result = sys.argv[1:]
wandb = os.path.abspath(wandb) if os.path.exists(wandb) else wandb
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
env = dict(os.environ, WANDB_BASE_URL=f"http://127.0.0.1:{server.server_port}", WANDB_API_KEY="0" * 40, WANDB_ERROR_REPORTING="false")
with tempfile.TemporaryDirectory() as elsewhere:  # it leaves logs of its own
    subprocess.run([wandb, "sync", os.path.abspath(folder)], env=env, cwd=elsewhere, check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
server.shutdown()

want = json.load(open(result))
numbers = 0
for name, summary in want["metrics"].items():
    for stat, value in summary.items():
        if isinstance(value, (int, float)) and stat != "unattainable":
            got = arrived["summary"].get(f"{name}/{stat}")
            assert got == value, (name, stat, value, got)
            numbers += 1
run = arrived["runs"][0]
assert run["project"] == "metron" and run["name"] in folder, run
config = json.loads(next(r["config"] for r in arrived["runs"] if r.get("config")))
assert config["verdict"]["value"] == "VALID", config
assert arrived["complete"], "the run was not ended"
version = subprocess.run([wandb, "--version"], capture_output=True, text=True).stdout.strip()
print(f"{version}: `wandb sync` uploaded the run, {numbers} numbers and the configuration")
