/// A process of the run: what the rig starts, and starts again when it ends.
package enum ProcessName: Hashable, Sendable, CustomStringConvertible {
    case coordinator
    case server(Int)
    case trainer(Int)

    package var description: String {
        switch self {
        case .coordinator: "coordinator"
        case .server(let index): "server-\(index)"
        case .trainer(let index): "trainer-\(index)"
        }
    }

    /// Without its number: a row of the fault matrix.
    package var role: String {
        switch self {
        case .coordinator: "coordinator"
        case .server: "server"
        case .trainer: "trainer"
        }
    }
}

/// A way between processes that goes through a proxy of the rig.
package enum LinkName: Hashable, Sendable, CustomStringConvertible {
    /// From a server or a trainer to the coordinator.
    case toCoordinator(ProcessName)
    /// From all trainers to one server.
    case toServer(Int)

    package var description: String {
        switch self {
        case .toCoordinator(let process): "\(process)/coordinator"
        case .toServer(let index): "trainers/server-\(index)"
        }
    }
}

/// What a fault happens to.
package enum FaultTarget: Hashable, Sendable, CustomStringConvertible {
    case process(ProcessName)
    case link(LinkName)

    package var description: String {
        switch self {
        case .process(let process): "\(process)"
        case .link(let link): "\(link)"
        }
    }

    /// A row of the fault matrix.
    package var role: String {
        switch self {
        case .process(let process): process.role
        case .link: "link"
        }
    }

    /// `coordinator`, `server-1`, `trainer-0`, `server-1/coordinator`, `trainer-0/coordinator` or `trainers/server-1`;
    /// nil for other texts.
    package init?(_ text: String) {
        let ends = text.split(separator: "/", omittingEmptySubsequences: false)
        switch ends.count {
        case 1:
            guard let process = Self.process(ends[0]) else { return nil }
            self = .process(process)
        case 2 where ends[1] == "coordinator":
            guard let process = Self.process(ends[0]), process != .coordinator else { return nil }
            self = .link(.toCoordinator(process))
        case 2 where ends[0] == "trainers":
            guard case .server(let index)? = Self.process(ends[1]) else { return nil }
            self = .link(.toServer(index))
        default: return nil
        }
    }

    private static func process(_ text: Substring) -> ProcessName? {
        if text == "coordinator" { return .coordinator }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Int(parts[1]), index >= 0, "\(index)" == parts[1] else { return nil }
        switch parts[0] {
        case "server": return .server(index)
        case "trainer": return .trainer(index)
        default: return nil
        }
    }
}
