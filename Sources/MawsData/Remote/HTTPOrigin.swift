internal import CCurl
import Synchronization

/// A file on a web server, read in ranges; a server that has none sends the whole file instead.
struct HTTPOrigin: PageOrigin {
    let grant: DataCredentials.Grant
    let stallSeconds: Int

    var hasRandomAccess: Bool { true }

    func fetch(_ page: Int, others: (Int, [UInt8]) throws -> Void) throws -> (bytes: [UInt8], size: UInt64) {
        let first = Int64(page) * Int64(PageCache.pageSize)
        var bytes: [UInt8] = []
        let reply = try get(offset: first, count: Int64(PageCache.pageSize)) { part in
            guard bytes.count + part.count <= PageCache.pageSize else {
                throw FetchProblem(text: "the server sent more bytes than it was asked for")
            }
            bytes += part
        }
        if reply.status == 200 { return try whole(page, others: others) }
        if reply.status == 404 { throw Self.notThere }
        guard reply.first == first, reply.total > first else {
            throw FetchProblem(
                text: reply.first < 0
                    ? "the server sent a part of the file without saying which"
                    : "the server sent bytes from \(reply.first) on instead of \(first)")
        }
        let expected = min(Int64(PageCache.pageSize), reply.total - first)
        guard Int64(bytes.count) == expected else {
            throw FetchProblem(text: "the server sent \(bytes.count) bytes instead of \(expected)")
        }
        return (bytes, UInt64(reply.total))
    }

    private static var notThere: FetchProblem { FetchProblem(text: "the server answered 404", mayPass: false) }

    /// A small file as a whole; nil where the server has none.
    func contents(limit: Int) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        let reply = try get(offset: 0, count: 0) { part in
            guard bytes.count + part.count <= limit else {
                throw FetchProblem(text: "the file has more than \(limit) bytes", mayPass: false)
            }
            bytes += part
        }
        return reply.status == 200 ? bytes : nil
    }

    private func whole(_ page: Int, others: (Int, [UInt8]) throws -> Void) throws -> (bytes: [UInt8], size: UInt64) {
        var cutter = PageCutter(wanted: page)
        let reply = try get(offset: 0, count: 0) { try cutter.add($0, others: others) }
        if reply.status == 404 { throw Self.notThere }
        try cutter.finish(others: others)
        return (cutter.wantedBytes, cutter.size)
    }

    /// The reply of a request that was answered with 200, 206 or 404; everything else is a problem.
    private func get(
        offset: Int64, count: Int64, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws -> MawsHTTPReply {
        var reply = MawsHTTPReply()
        let result: Int32 = try withoutActuallyEscaping(body) { body in
            let sink = HTTPSink(body)
            let result = try HTTPConnections.shared.with { connection in
                grant.withRequest(offset: offset, count: count, stallSeconds: stallSeconds) { request in
                    maws_http_get(
                        connection, &request, takeBody, Unmanaged.passUnretained(sink).toOpaque(), &reply)
                }
            }
            if let problem = sink.problem { throw problem }
            return result
        }
        // A whole file in answer to a range is cut off on purpose.
        if reply.status == 404 || (reply.status == 200 && count > 0) { return reply }
        guard result == 0, reply.status == (count > 0 ? 206 : 200) else {
            let status = Int(reply.status)
            throw FetchProblem(
                text: (200..<400).contains(status) || status == 0
                    ? Self.message(&reply) : Self.answer(status),
                mayPass: !(400..<500).contains(status) || status == 408 || status == 429)
        }
        return reply
    }

    private static func answer(_ status: Int) -> String {
        let advice =
            [401, 403, 407].contains(status)
            ? ": who asks is not known to it, or not allowed; give this machine MAWS_DATA_HOST, MAWS_DATA_USER and "
                + "MAWS_DATA_PASSWORD, or a .netrc file" : ""
        return "the server answered \(status)\(advice)"
    }

    private static func message(_ reply: inout MawsHTTPReply) -> String {
        withUnsafeBytes(of: &reply.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension DataCredentials.Grant {
    /// The request as C has it, for as long as `body` runs.
    fileprivate func withRequest(
        offset: Int64, count: Int64, stallSeconds: Int, _ body: (inout MawsHTTPRequest) -> Int32
    ) -> Int32 {
        Self.withText(url) { url in
            Self.withText(user) { user in
                Self.withText(password) { password in
                    Self.withText(netrc) { netrc in
                        var request = MawsHTTPRequest(
                            url: url, offset: offset, count: count, user: user, password: password, netrc: netrc,
                            stall_seconds: stallSeconds,
                            bytes_per_second_min: PageCache.pageSize / (DataAccess.stallsPerPage * stallSeconds))
                        return body(&request)
                    }
                }
            }
        }
    }

    private static func withText(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Int32) -> Int32 {
        guard let text else { return body(nil) }
        return text.withCString(body)
    }
}

/// Carries a body's bytes from C to a closure, and an error of the closure back.
private final class HTTPSink {
    private let body: (UnsafeBufferPointer<UInt8>) throws -> Void
    private(set) var problem: (any Error)?

    init(_ body: @escaping (UnsafeBufferPointer<UInt8>) throws -> Void) { self.body = body }

    func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        do {
            try body(bytes)
            return true
        } catch {
            problem = error
            return false
        }
    }
}

/// What libcurl calls with the bytes of a body.
private func takeBody(_ context: UnsafeMutableRawPointer?, _ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let context else { return 0 }
    let sink = Unmanaged<HTTPSink>.fromOpaque(context).takeUnretainedValue()
    return sink.take(UnsafeBufferPointer(start: bytes, count: count)) ? 1 : 0
}

/// Connections of this process, kept open from one request to the next.
private final class HTTPConnections: Sendable {
    static let shared = HTTPConnections()
    private static let idleMax = 16

    /// Used by one thread at a time: whoever has taken it out.
    private struct Connection: @unchecked Sendable { let http: OpaquePointer }

    private let idle: Mutex<[Connection]> = Mutex([])

    func with<Result>(_ body: (OpaquePointer) throws -> Result) throws -> Result {
        let connection = try idle.withLock { $0.popLast() } ?? open()
        defer { keep(connection) }
        return try body(connection.http)
    }

    private func keep(_ connection: Connection) {
        let isKept = idle.withLock { idle in
            guard idle.count < Self.idleMax else { return false }
            idle.append(connection)
            return true
        }
        if !isKept { maws_http_close(connection.http) }
    }

    private func open() throws -> Connection {
        guard let http = maws_http_open() else { throw FetchProblem(text: "libcurl cannot start", mayPass: false) }
        return Connection(http: http)
    }
}
