import MawsBase

extension PlanReader {
    /// Port the coordinator listens on where the plan names none and the cluster is not local.
    static let listenDefault = "0.0.0.0:7070"

    /// Heartbeats are sent every second.
    private static let heartbeatSecondsMin = 2.0
    private static let leaseSecondsMin = 0.1

    /// `local`, or a map; without the field the cluster is local.
    func cluster(_ node: PlanNode?) throws(PlanError) -> ClusterPlan {
        let expected = "`local`, or a map of `servers` and others"
        guard let node, node.scalar != "local" else { return localCluster() }
        let map = try PlanMap(node, expected: expected)
        try map.allow([
            "local", "servers", "trainers", "threads", "compute", "memory", "server_memory", "listen", "lease",
            "heartbeat",
        ])
        var cluster = localCluster()
        cluster.isLocal = try map.flag("local", default: false)
        cluster.servers = try map.integer("servers", 1...65_535, default: cluster.servers)
        cluster.leaseSeconds = try seconds(map, "lease", atLeast: Self.leaseSecondsMin, cluster.leaseSeconds)
        cluster.heartbeatTimeoutSeconds = try seconds(
            map, "heartbeat", atLeast: Self.heartbeatSecondsMin, cluster.heartbeatTimeoutSeconds)
        if cluster.isLocal {
            cluster.trainers = try map.integer("trainers", 1...1024, default: cluster.trainers)
            cluster.threads = try map.integer(
                "threads", 1...1024, default: threads(trainers: cluster.trainers))
            cluster.memoryBytes = try memory(map["memory"])
            cluster.serverMemoryBytes = try memory(map["server_memory"])
            cluster.compute = try map["compute"]?.choice(of: ComputeKind.self)
        } else {
            try refuseLocalFields(map)
            cluster.trainers = 0
            cluster.threads = 0
            cluster.listen = Self.listenDefault
        }
        if let listen = map["listen"] { cluster.listen = try address(listen) }
        return cluster
    }

    func localCluster() -> ClusterPlan {
        ClusterPlan(
            isLocal: true, servers: 2, trainers: 2, threads: threads(trainers: 2), listen: "127.0.0.1:0",
            heartbeatTimeoutSeconds: 10, leaseSeconds: 60)
    }

    private func threads(trainers: Int) -> Int { max(1, cores / trainers) }

    private func refuseLocalFields(_ map: PlanMap) throws(PlanError) {
        for name in ["trainers", "threads", "compute", "memory", "server_memory"] where map[name] != nil {
            throw .conflict(
                map.place(of: name),
                problem: "this holds for a local cluster only (`local: true`); of a remote one any number of trainers "
                    + "may come and go, each with what its own command line says")
        }
    }

    private func seconds(
        _ map: PlanMap, _ name: String, atLeast least: Double, _ value: Double
    ) throws(PlanError) -> Double {
        guard let node = map[name] else { return value }
        let seconds = try node.seconds()
        guard seconds >= least else { throw node.wrong("a duration of at least \(least.shortest)s") }
        return seconds
    }

    private func memory(_ node: PlanNode?) throws(PlanError) -> Int? {
        guard let node else { return nil }
        guard let size = ByteSize(text: try node.text(ByteSize.expected)) else { throw node.wrong(ByteSize.expected) }
        return size.bytes
    }

    /// `host:port`; an IPv6 address stands in brackets.
    private func address(_ node: PlanNode) throws(PlanError) -> String {
        let expected = "an address such as `0.0.0.0:7070` or `[::1]:7070`, port 0 for any free one"
        guard let address = NetworkAddress(text: try node.text(expected)) else { throw node.wrong(expected) }
        return "\(address)"
    }
}
