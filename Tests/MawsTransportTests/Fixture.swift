import Foundation
import MawsBase
import MawsTransport
import MawsWire

/// Certificates of one cluster in a temporary folder, removed at the end.
final class Cluster {
    let folder: String

    init(_ name: String = "test") throws {
        folder = try temporaryFolder()
        try CertificateAuthority.make(folder: "\(folder)/certificates", cluster: name)
    }

    deinit { removeFolder(folder) }

    var certificates: String { "\(folder)/certificates" }

    func identity(_ role: Role) throws -> TLSIdentity { try TLSIdentity(folder: certificates, role: role) }

    /// An identity whose certificate this cluster's authority signed with any role and lifetime.
    func issued(_ role: String, validSeconds: Int = 3600) throws -> (folder: String, name: String) {
        let target = "\(folder)/issued-\(role)-\(validSeconds)"
        try CertificateAuthority.issue(
            from: certificates, roleText: role, name: "odd", into: target, validSeconds: validSeconds)
        return (target, "odd")
    }

    func listener(_ role: Role = .server, allowing roles: [Role] = [.trainer]) throws -> Listener {
        try Listener(host: "127.0.0.1", port: 0, identity: identity(role), allowedRoles: roles)
    }
}

func temporaryFolder() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "maws-transport-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
}

func removeFolder(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

/// Runs a body on its own thread; `result` waits for it and throws what it threw.
final class Background<Value: Sendable>: @unchecked Sendable {
    private var thread = pthread_t()
    private var outcome: Result<Value, any Error>?
    private let body: @Sendable () throws -> Value

    init(_ body: @escaping @Sendable () throws -> Value) {
        self.body = body
        pthread_create(
            &thread, nil,
            { pointer in
                let background = Unmanaged<AnyObject>.fromOpaque(pointer!).takeRetainedValue()
                (background as! any Runnable).run()
                return nil
            }, Unmanaged.passRetained(self as AnyObject).toOpaque())
    }

    func result() throws -> Value {
        pthread_join(thread, nil)
        return try outcome!.get()
    }
}

private protocol Runnable { func run() }

extension Background: Runnable {
    func run() { outcome = Result { try body() } }
}

/// Accepts one connection and completes its handshake.
func acceptOne(_ listener: Listener) -> Background<Connection> {
    Background {
        let connection = try listener.accept()!
        try connection.handshake(timeoutSeconds: 120)
        return connection
    }
}

/// Both ends of a healthy connection: a trainer that dialed, and the server that accepted.
func connectedPair(
    _ cluster: Cluster, recordsPerKey: UInt64 = 1 << 23
) throws -> (trainer: Connection, server: Connection) {
    var (own, other) = (try cluster.identity(.trainer), try cluster.identity(.server))
    own.recordsPerKey = recordsPerKey
    other.recordsPerKey = recordsPerKey
    let listener = try Listener(host: "127.0.0.1", port: 0, identity: other, allowedRoles: [.trainer])
    let accepted = acceptOne(listener)
    let trainer = try Connection.connect(
        host: "127.0.0.1", port: listener.port, identity: own, expecting: .server, timeoutSeconds: 120)
    return (trainer, try accepted.result())
}
