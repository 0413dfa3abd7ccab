import MawsBase

public struct CheckpointManifest: Codable, Hashable, Sendable {
    public struct Tensor: Codable, Hashable, Sendable {
        public var name: String
        /// SHA-256 of the tensor's bytes, hexadecimal.
        public var sha256: String
    }
    public var header: CheckpointHeader
    public var weightsHash: String
    public var tensors: [Tensor]
}

public struct CheckpointStore: Sendable {
    public let folder: String
    public init(folder: String) throws { fatalError() }
    public func begin(_ header: CheckpointHeader) throws -> CheckpointWriter { fatalError() }
    public func latest() throws -> Checkpoint? { fatalError() }
    public func open(_ name: String) throws -> Checkpoint { fatalError() }
    public func names() throws -> [String] { fatalError() }
    public func prune(keep: Int, protect: [String]) throws { fatalError() }
}

/// Thread-safe.
public final class CheckpointWriter: Sendable {
    init() {}
    /// - Parameter range: elements of the block.
    public func write(kind: TensorKind, block: Int, range: Range<Int>, bytes: UnsafeRawBufferPointer)
        throws
    { fatalError() }
    public func finish() throws -> Checkpoint { fatalError() }
    public func abandon() { fatalError() }
}

public final class Checkpoint: Sendable {
    init() { fatalError() }
    public var name: String { fatalError() }
    public var folder: String { fatalError() }
    public var header: CheckpointHeader { fatalError() }
    public var manifest: CheckpointManifest { fatalError() }
    public var weightsHash: String { fatalError() }
    public func read(kind: TensorKind, block: Int, range: Range<Int>, into bytes: UnsafeMutableRawBufferPointer)
        throws
    { fatalError() }
    /// The weights of one parameter; nil when the checkpoint has none of this name.
    public func tensor(named name: String) throws -> (entry: ParameterEntry, values: [Float])? {
        fatalError()
    }
    public func verify() throws { fatalError() }
}
