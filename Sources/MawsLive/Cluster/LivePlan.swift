import Foundation
import Yams

/// The plan that is run under faults: the user's, but for where it is kept and who runs it. No bit of the result
/// depends on either.
struct LivePlan {
    let servers: Int
    let trainers: Int
    /// Compute threads of each trainer.
    let threads: Int
    private let root: Node

    /// - Parameter path: the user's plan. What is wrong with it otherwise, the undisturbed run tells.
    init(path: String, servers: Int?, trainers: Int?) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw LiveError.unusable("The plan \(path) cannot be read as text.")
        }
        guard let root = try? Yams.compose(yaml: text), root.mapping != nil else {
            throw LiveError.unusable("The plan \(path) is no YAML map; `maws plan check \(path)` says more.")
        }
        self.root = root
        let cluster = root["cluster"]
        self.servers = servers ?? cluster?["servers"]?.int ?? 2
        self.trainers = trainers ?? cluster?["trainers"]?.int ?? 2
        threads = cluster?["threads"]?.int ?? 1
        guard 1...250 ~= self.servers, 1...250 ~= self.trainers else {
            throw LiveError.unusable("The rig runs 1 to 250 servers and 1 to 250 trainers.")
        }
    }

    /// The same plan with processes that the rig starts itself.
    func write(to path: String, runFolder: String, listen: SocketAddress) throws {
        var changed = root
        changed["run"] = Node(runFolder)
        var cluster: [(Node, Node)] = [
            ("servers", Node("\(servers)")), ("listen", Node("\(listen)", .init(.str), .doubleQuoted)),
        ]
        for name in ["lease", "heartbeat"] {
            if let value = root["cluster"]?[name] { cluster.append((Node(name), value)) }
        }
        changed["cluster"] = Node(cluster)
        try Yams.serialize(node: changed).write(toFile: path, atomically: true, encoding: .utf8)
    }
}
