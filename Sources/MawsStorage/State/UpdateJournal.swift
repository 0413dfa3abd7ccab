import Synchronization

/// What makes changes in place survive a death at any instruction: before a chunk is changed, what it holds is copied
/// and the chunk is marked; afterwards it is marked as done. A later process puts back the chunks that were not done,
/// and does all that are left.
public struct UpdateJournal {
    private enum Mark {
        static let untouched: UInt8 = 0
        static let changing: UInt8 = 1
        static let done: UInt8 = 2
    }

    /// Before a lane's copy: the chunk's number plus 1.
    private static let headerBytes = 64

    private let marks: UnsafeMutablePointer<UInt8>
    private let lanes: UnsafeMutableRawPointer
    private let shape: StateShape

    init(marks: UnsafeMutablePointer<UInt8>, lanes: UnsafeMutableRawPointer, shape: StateShape) {
        self.marks = marks
        self.lanes = lanes
        self.shape = shape
    }

    /// Bytes of a lane whose chunks change this many bytes at most.
    public static func laneBytes(changing count: Int) -> Int { (headerBytes + count + 63) / 64 * 64 }

    public func isDone(_ chunk: Int) -> Bool { marks[chunk] == Mark.done }

    /// Changes the chunk, on the thread that has the lane to itself.
    ///
    /// - Parameter areas: all that `change` changes.
    public func change(
        _ chunk: Int, lane: Int, areas: [UnsafeMutableRawBufferPointer], _ change: () throws -> Void
    ) rethrows {
        let header = lanes + lane * shape.laneBytes
        var copy = header + Self.headerBytes
        precondition(areas.reduce(Self.headerBytes) { $0 + $1.count } <= shape.laneBytes)
        for area in areas where !area.isEmpty {
            copy.copyMemory(from: area.baseAddress!, byteCount: area.count)
            copy += area.count
        }
        Self.fence()
        header.storeBytes(of: UInt64(chunk + 1), as: UInt64.self)
        Self.fence()
        marks[chunk] = Mark.changing
        Self.fence()
        try change()
        Self.fence()
        marks[chunk] = Mark.done
        Self.fence()
    }

    /// Puts back what chunks held whose change was not finished.
    ///
    /// - Parameter areas: of a chunk, as they were given to `change`.
    public func restore(_ areas: (Int) -> [UnsafeMutableRawBufferPointer]) {
        for lane in 0..<shape.laneCount {
            let header = lanes + lane * shape.laneBytes
            let number = header.load(as: UInt64.self)
            guard number > 0, number <= UInt64(shape.chunkCount) else { continue }
            let chunk = Int(number) - 1
            guard marks[chunk] == Mark.changing else { continue }
            var copy = UnsafeRawPointer(header + Self.headerBytes)
            for area in areas(chunk) where !area.isEmpty {
                area.copyMemory(from: UnsafeRawBufferPointer(start: copy, count: area.count))
                copy += area.count
            }
            Self.fence()
            marks[chunk] = Mark.untouched
        }
    }

    func clear() {
        marks.update(repeating: Mark.untouched, count: shape.chunkCount)
        for lane in 0..<shape.laneCount { (lanes + lane * shape.laneBytes).storeBytes(of: 0, as: UInt64.self) }
    }

    /// What a process stored is there after its death in the order of the program: the compiler must keep it.
    private static func fence() { atomicMemoryFence(ordering: .acquiringAndReleasing) }
}
