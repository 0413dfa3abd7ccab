import Foundation

/// A web server of its own for a test, on loopback, that serves a folder in ways that the first folder of a path
/// names: `good`, `plain` (knows no ranges), `shifted` (sends other bytes than asked for), `silent` (does not say
/// which it sends), `short` (sends too few), `busy` (fails every second time), `stalled` (stops in the middle),
/// `missing`.
final class WebServer: Sendable {
    let address: String
    private let process: Process
    private let output: Pipe

    init(_ folder: Folder) throws {
        try folder.write(Self.script, "server.py")
        process = Process()
        output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", folder.path("server.py"), folder.path]
        process.standardOutput = output
        try process.run()
        var port: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 { port.append(byte) }
        address = "http://127.0.0.1:\(String(decoding: port, as: UTF8.self))"
    }

    deinit { process.terminate() }

    private static let script = """
        import http.server, os, re, sys, threading, time

        root, lock, counts = sys.argv[1], threading.Lock(), {}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def answer(self, status, body, headers={}):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                manner, name = re.fullmatch("/([a-z]+)/(.*)", self.path).groups()
                with lock:
                    counts[self.path] = counts.get(self.path, 0) + 1
                    number = counts[self.path]
                with open(root + "/requests", "a") as log:
                    log.write(f"{self.path} {self.headers.get('Range', '')}\\n")
                if manner == "missing" or not os.path.exists(root + "/" + name):
                    return self.answer(404, b"")
                if manner == "busy" and number % 2:
                    return self.answer(503, b"later")
                data = open(root + "/" + name, "rb").read()
                asked = re.fullmatch("bytes=([0-9]+)-([0-9]+)", self.headers.get("Range", ""))
                if not asked or manner == "plain":
                    return self.answer(200, data)
                first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
                headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
                if manner == "shifted":
                    first += 1
                    headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
                if manner == "silent":
                    headers = {}
                if manner == "short":
                    return self.answer(206, data[first:last], headers)
                if manner == "stalled":
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
                    self.send_header("Content-Length", str(last - first + 1))
                    self.end_headers()
                    self.wfile.write(data[first:first + 100])
                    self.wfile.flush()
                    return time.sleep(5)
                self.answer(206, data[first:last + 1], headers)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        print(server.server_port, flush=True)
        parent = os.getppid()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        while os.getppid() == parent:
            time.sleep(0.2)
        """
}
