import Foundation

/// A web server of its own for a test, on loopback, that serves a folder in ways that the first folder of a path
/// names: `good`, `plain` (knows no ranges), `shifted` (sends other bytes than asked for), `silent` (does not say
/// which it sends), `short` (sends too few), `busy` (fails every second time), `stalled` (stops in the middle),
/// `missing`, `private` (for `alice` with the password `s3cret`), `signed` (for the query `sig=s3cret`), `moved` and
/// `betrayed` (which send on to `localhost`, the latter with a password in the address). With a number behind the
/// name, `short3` for instance, it is so for that block of 1 MiB alone.
///
/// It writes a line for each request to `requests` in the folder: the path, the range, and the number of bytes sent;
/// and to `greetings` the host that was asked for and the authorization, if any.
package final class WebServer: Sendable {
    package let address: String
    private let folder: String
    private let process: Process
    private let output: Pipe

    /// - Parameter folder: that the test may write to.
    package init(_ folder: String) throws {
        self.folder = folder
        try Self.script.write(toFile: folder + "/server.py", atomically: true, encoding: .utf8)
        process = Process()
        output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", folder + "/server.py", folder]
        process.standardOutput = output
        try process.run()
        var port: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 { port.append(byte) }
        address = "http://127.0.0.1:\(String(decoding: port, as: UTF8.self))"
    }

    /// Bytes of bodies that were sent so far.
    package var bytesSent: Int {
        let lines = (try? String(contentsOfFile: folder + "/requests", encoding: .utf8)) ?? ""
        return lines.split(separator: "\n").reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) }
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
                self.log(len(body))
                self.wfile.write(body)

            def log(self, count):
                with lock, open(root + "/requests", "a") as log:
                    log.write(f"{self.path} {self.headers.get('Range', '')} {count}\\n")

            def do_GET(self):
                path, _, query = self.path.partition("?")
                manner, block, name = re.fullmatch("/([a-z]+)([0-9]*)/(.*)", path).groups()
                with lock, open(root + "/greetings", "a") as greetings:
                    greetings.write(f"{self.headers.get('Host')} {self.headers.get('Authorization', 'nobody')}\\n")
                if manner == "private" and self.headers.get("Authorization") != "Basic YWxpY2U6czNjcmV0":
                    return self.answer(401, b"", {"WWW-Authenticate": "Basic"})
                if manner == "signed" and query != "sig=s3cret":
                    return self.answer(403, b"")
                if manner in ("moved", "betrayed"):
                    user = "" if manner == "moved" else "alice:s3cret@"
                    place = f"http://{user}localhost:{server.server_port}/good/{name}"
                    return self.answer(302, b"", {"Location": place})
                with lock:
                    counts[self.path] = counts.get(self.path, 0) + 1
                    number = counts[self.path]
                if manner == "missing" or not os.path.exists(root + "/" + name):
                    return self.answer(404, b"")
                if manner == "busy" and number % 2:
                    return self.answer(503, b"later")
                data = open(root + "/" + name, "rb").read()
                asked = re.fullmatch("bytes=([0-9]+)-([0-9]+)", self.headers.get("Range", ""))
                if not asked or manner == "plain":
                    return self.answer(200, data)
                first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
                if block and int(block) != first >> 20:
                    manner = "good"
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
                    self.log(100)
                    self.wfile.write(data[first:first + 100])
                    self.wfile.flush()
                    return time.sleep(5)
                self.answer(206, data[first:last + 1], headers)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        sys.stdout.write(f"{server.server_port}\\n")
        sys.stdout.flush()
        parent = os.getppid()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        while os.getppid() == parent:
            time.sleep(0.2)
        """
}
