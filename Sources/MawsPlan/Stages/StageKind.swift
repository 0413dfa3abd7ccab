/// The name of a kind of stage, as plan files, messages and records have it. `StageKinds` knows which there are.
package struct StageKind: RawRepresentable, Codable, Hashable, Sendable {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
}

/// The kinds of stages that there are. Whoever wants to know something of a kind asks here for its type.
package enum StageKinds {
    package static let all: [any StageTask.Type] = [
        MAETask.self, WSPTask.self, LiTTask.self, LinearTask.self, ZeroShotTask.self,
    ]

    /// Nil where there is no kind of this name.
    package static func task(_ kind: StageKind) -> (any StageTask.Type)? { all.first { $0.kind == kind } }

    static var names: [String] { all.map { $0.kind.rawValue } }
}
