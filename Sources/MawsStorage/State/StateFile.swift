import Glibc
import MawsBase
import MawsHash
import Synchronization

/// A server's state, mapped into its memory: what the process writes survives its death, because the pages belong to
/// the system and not to the process.
///
/// A version is sealed by one header slot. The next one is begun by another, which holds all that is needed to finish
/// it, and is made in place under a journal: a death at any instruction leaves the old version or one that can be
/// finished to the same bits. The machine's death is another matter: pages reach the disk in any order, so a file
/// written before the machine last started is refused (checkpoints are for that).
///
/// Who may touch which area when is decided by the owner; only `content` is synchronised.
public final class StateFile: @unchecked Sendable {
    public let path: String
    public let shape: StateShape
    private let memory: UnsafeMutableRawPointer
    private let boot: [UInt8]
    private let header: Mutex<(sequence: UInt64, content: StateContent, isSealed: Bool)>

    /// What the header says, whether or not `sealRestored` made it true yet.
    public var content: StateContent { header.withLock { $0.content } }

    /// Opens the file as an earlier process left it; nil when there is none.
    ///
    /// Throws `damaged` when its content cannot be trusted.
    public static func open(_ path: String, boot: [UInt8] = MachineBoot.identity) throws -> StateFile? {
        if access(path, F_OK) != 0 && errno == ENOENT { return nil }
        let file = try OpenFile(path, flags: O_RDWR, action: "read")
        let size = try file.size()
        guard size >= 2 * StateShape.page else {
            throw StorageError.damaged(path: path, reason: "it has only \(size) bytes")
        }
        let slots = try StateShape.slots.compactMap { offset in
            var bytes = [UInt8](repeating: 0, count: StateSlot.size)
            try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
            return StateSlot(bytes)
        }
        guard let newest = slots.max(by: { $0.sequence < $1.sequence }) else {
            throw StorageError.damaged(path: path, reason: "it was never filled")
        }
        guard newest.boot == boot else {
            throw StorageError.damaged(path: path, reason: "the machine stopped after it was written")
        }
        guard newest.shape.size == size else {
            throw StorageError.damaged(path: path, reason: "it has \(size) bytes where \(newest.shape.size) belong")
        }
        return try StateFile(file, newest, isSealed: true)
    }

    /// Makes an empty file in place of any older one, with its space on the disk reserved: a full disk is an error here
    /// and never a fault at a later store. Until `sealRestored` the file holds nothing for the next process.
    public static func create(
        _ path: String, content: StateContent, shape: StateShape, boot: [UInt8] = MachineBoot.identity
    ) throws -> StateFile {
        // The old file goes first: its pages may be what fills the disk. Whoever still reads it keeps its memory.
        if unlink(path) != 0 && errno != ENOENT { throw StorageError.last("replace", path) }
        do {
            let file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600, action: "write")
            try file.reserve(shape.size)
            return try StateFile(
                file, StateSlot(sequence: 0, content: content, shape: shape, boot: boot), isSealed: false)
        } catch {
            unlink(path)
            throw error
        }
    }

    private init(_ file: OpenFile, _ slot: StateSlot, isSealed: Bool) throws {
        path = file.path
        shape = slot.shape
        boot = slot.boot
        header = Mutex((slot.sequence, slot.content, isSealed))
        let mapped = mmap(nil, slot.shape.size, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0)
        guard let mapped, mapped != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw StorageError.last("map into memory", path, bytes: slot.shape.size)
        }
        memory = mapped
    }

    deinit { munmap(memory, shape.size) }

    /// Frozen weights, the same for every version.
    public var frozen: UnsafeMutablePointer<Float> { floats(shape.frozenOffset) }

    /// Trained weights of bank 0 or 1.
    public func weights(bank: Int) -> UnsafeMutablePointer<Float> {
        precondition(bank == 0 || bank == 1)
        return floats(shape.weightOffset(bank: bank))
    }

    public var firstMoments: UnsafeMutableRawPointer { memory + shape.firstMomentOffset }
    public var secondMoments: UnsafeMutableRawPointer { memory + shape.secondMomentOffset }

    public var journal: UpdateJournal {
        UpdateJournal(
            marks: (memory + shape.marksOffset).assumingMemoryBound(to: UInt8.self), lanes: memory + shape.lanesOffset,
            shape: shape)
    }

    /// The frozen weights and bank 0 are filled: they are version `step`.
    public func sealRestored(step: StepIndex) throws {
        try seal { content in
            content.step = step
            content.activeBank = 0
            content.hasReduced = false
            content.update = nil
        }
    }

    /// The reduced gradient of the present step is whole.
    public func sealReduced() throws {
        try seal { $0.hasReduced = true }
    }

    /// The next version is decided and begins to take the place of the reduced gradient.
    public func sealUpdating(_ update: StateUpdate) throws {
        journal.clear()
        try seal { content in
            content.step = content.step.next
            content.activeBank = 1 - content.activeBank
            content.hasReduced = false
            content.update = update
        }
    }

    /// The version that was begun is whole.
    public func sealApplied() throws {
        try seal { $0.update = nil }
    }

    /// The process's pages of the file leave its memory, whatever is read or written meanwhile: a shared mapping's
    /// contents belong to the system.
    public func releaseResident() { madvise(memory, shape.size, Int32(MADV_DONTNEED)) }

    private func seal(_ change: (inout StateContent) -> Void) throws {
        try header.withLock { header in
            var content = header.content
            change(&content)
            let slot = StateSlot(sequence: header.sequence + 1, content: content, shape: shape, boot: boot)
            let bytes = try slot.encoded()
            // Everything this header speaks of is in memory before the header is.
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            let target = memory + StateShape.slots[Int(slot.sequence % 2)]
            bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            header = (slot.sequence, content, true)
        }
    }

    private func floats(_ offset: Int) -> UnsafeMutablePointer<Float> {
        (memory + offset).assumingMemoryBound(to: Float.self)
    }
}

/// Which run of the machine this is.
public enum MachineBoot {
    /// 16 bytes that change when the machine starts again.
    public static let identity: [UInt8] = {
        let path = "/proc/sys/kernel/random/boot_id"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &text, text.count)
        return Array(Hash.digest(of: Array(text.prefix(max(0, count)))).prefix(16))
    }()
}
