import Glibc
import MawsBase
import MawsFiles
import Synchronization

/// A server's state, mapped into its memory: what the process writes survives its death, because the pages belong to
/// the system and not to the process.
///
/// A version is sealed by one header slot. The next one is begun by another, which holds all that is needed to finish
/// it, and is made in place under a journal: a death at any instruction leaves the old version or one that can be
/// finished to the same bits. The machine's death is another matter: pages reach the disk in any order, so a file
/// written before the machine last started is refused (checkpoints are for that), and so is one of which that is not
/// known. Damage to what lies in between is found by `StateChecks`.
///
/// Who may touch which area when is decided by the owner; only `content` is synchronised.
package final class StateFile: @unchecked Sendable {
    package let path: String
    package let shape: StateShape
    /// Those who change a version's areas say so here, so that others can look at them meanwhile.
    package let changes = ChangeWatch()
    private let file: OpenFile
    private let memory: UnsafeMutableRawPointer
    private let boot: [UInt8]
    /// What checksums of this file are salted with.
    let nonce: UInt64
    private let header: Mutex<(sequence: UInt64, content: StateContent, isSealed: Bool)>

    /// What the header says, whether or not `sealRestored` made it true yet.
    package var content: StateContent { header.withLock { $0.content } }

    /// Whether the areas hold what the header says.
    package var isSealed: Bool { header.withLock { $0.isSealed } }

    /// Opens the file as an earlier process left it; nil when there is none.
    ///
    /// Throws `damaged` when its content cannot be trusted.
    package static func open(_ path: String, boot: [UInt8]? = MachineBoot.identity) throws -> StateFile? {
        if access(path, F_OK) != 0 && errno == ENOENT { return nil }
        let file = try OpenFile(path, flags: O_RDWR, action: "read")
        let size = try file.size()
        guard size >= 2 * StateShape.page else {
            throw StorageError.damaged(path: path, reason: "it has only \(size) bytes")
        }
        let slots = try StateShape.headers.map { offset in
            var bytes = [UInt8](repeating: 0, count: StateHeader.size)
            try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
            return bytes
        }
        guard let newest = slots.compactMap(StateHeader.init).max(by: { $0.sequence < $1.sequence }) else {
            throw StorageError.damaged(path: path, reason: Self.reason(against: slots))
        }
        try check(newest.boot, against: boot, path)
        guard newest.shape.size == size else {
            throw StorageError.damaged(path: path, reason: "it has \(size) bytes where \(newest.shape.size) belong")
        }
        return try StateFile(file, newest, isSealed: true)
    }

    /// Why none of these headers counts.
    private static func reason(against slots: [[UInt8]]) -> String {
        if slots.contains(where: StateHeader.isForeign) { return "another version of maws wrote it" }
        let isEmpty = slots.allSatisfy { $0.allSatisfy { $0 == 0 } }
        return isEmpty ? "it was never filled" : "neither of its headers is whole"
    }

    /// The machine must not have stopped since the file was written, and that must be known.
    private static func check(_ written: [UInt8], against boot: [UInt8]?, _ path: String) throws {
        guard let boot, written != unknownBoot else {
            throw StorageError.damaged(
                path: path,
                reason: "nobody knows whether the machine stopped after it was written, as \(MachineBoot.path) "
                    + "\(boot == nil ? "cannot" : "could not") be read")
        }
        guard written == boot else {
            throw StorageError.damaged(path: path, reason: "the machine stopped after it was written")
        }
    }

    /// What is written where the system does not say which run of the machine this is.
    private static let unknownBoot = [UInt8](repeating: 0, count: 16)

    /// Makes an empty file in place of any older one, with its space on the disk reserved: a full disk is an error here
    /// and never a fault at a later store. Until `sealRestored` the file holds nothing for the next process.
    package static func create(
        _ path: String, content: StateContent, shape: StateShape, boot: [UInt8]? = MachineBoot.identity
    ) throws -> StateFile {
        // The old file goes first: its pages may be what fills the disk. Whoever still reads it keeps its memory.
        if Glibc.unlink(path) != 0 && errno != ENOENT { throw StorageError.last("replace", path) }
        do {
            let file = try OpenFile(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600, action: "write")
            try file.reserve(shape.size)
            let slot = StateHeader(
                sequence: 0, content: content, shape: shape, boot: boot ?? unknownBoot,
                nonce: UInt64.random(in: 1...UInt64.max))
            return try StateFile(file, slot, isSealed: false)
        } catch {
            _ = Glibc.unlink(path)
            throw error
        }
    }

    private init(_ file: OpenFile, _ slot: StateHeader, isSealed: Bool) throws {
        path = file.path
        self.file = file
        shape = slot.shape
        boot = slot.boot
        nonce = slot.nonce
        header = Mutex((slot.sequence, slot.content, isSealed))
        let mapped = mmap(nil, slot.shape.size, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0)
        guard let mapped, mapped != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw StorageError.last("map into memory", path, bytes: slot.shape.size)
        }
        memory = mapped
    }

    deinit { munmap(memory, shape.size) }

    /// Frozen weights, the same for every version.
    package var frozen: UnsafeMutablePointer<Float> { floats(shape.frozenOffset) }

    /// Trained weights of bank 0 or 1.
    package func weights(bank: Int) -> UnsafeMutablePointer<Float> {
        precondition(bank == 0 || bank == 1)
        return floats(shape.weightOffset(bank: bank))
    }

    /// All slots of all blocks; `StateLayout` knows where each lies.
    package var slots: UnsafeMutableRawPointer { memory + shape.slotsOffset }

    /// The journal of the update that makes, or made, the present version.
    package var journal: UpdateJournal { journal(of: content.step) }

    private func journal(of version: StepIndex) -> UpdateJournal {
        UpdateJournal(
            marks: (memory + shape.marksOffset).assumingMemoryBound(to: UInt32.self), lanes: memory + shape.lanesOffset,
            shape: shape, version: version)
    }

    /// `checksPerChunk` for each trained chunk: of bank 0, bank 1 and the slots.
    var checks: UnsafeMutablePointer<UInt32> { (memory + shape.checksOffset).assumingMemoryBound(to: UInt32.self) }

    /// One for each frozen chunk.
    var frozenChecks: UnsafeMutablePointer<UInt32> {
        (memory + shape.frozenChecksOffset).assumingMemoryBound(to: UInt32.self)
    }

    /// Reads bytes of the mapped file without bringing its pages into this process.
    func read(_ bytes: UnsafeRawPointer, into target: UnsafeMutableRawBufferPointer) throws {
        try file.read(into: target, at: bytes - UnsafeRawPointer(memory))
    }

    /// Takes the file's name away, unless it is another file's by now.
    package func unlink() {
        guard let own = try? file.identity(), own == FileIdentity(path) else { return }
        _ = Glibc.unlink(path)
    }

    /// The frozen weights and bank 0 are filled: they are version `step`.
    package func sealRestored(step: StepIndex) throws {
        journal(of: step).clear()
        try seal { content in
            content.step = step
            content.activeBank = 0
            content.hasReduced = false
            content.update = nil
        }
    }

    /// The reduced gradient of the present step is whole.
    package func sealReduced() throws {
        try seal { $0.hasReduced = true }
    }

    /// What came for the step after the present version does not count: another gradient takes its place.
    package func sealStepDropped() throws {
        try seal { content in
            content.hasReduced = false
            content.droppedCount += 1
        }
    }

    /// The next version is decided and begins to take the place of the reduced gradient.
    package func sealUpdating(_ update: StateUpdate) throws {
        journal(of: content.step.next).clear()
        try seal { content in
            content.step = content.step.next
            content.activeBank = 1 - content.activeBank
            content.hasReduced = false
            content.update = update
        }
    }

    /// The version that was begun is whole.
    package func sealApplied() throws {
        try seal { $0.update = nil }
    }

    /// The process's pages of the file leave its memory, whatever is read or written meanwhile: a shared mapping's
    /// contents belong to the system.
    package func releaseResident() { madvise(memory, shape.size, Int32(MADV_DONTNEED)) }

    private func seal(_ change: (inout StateContent) -> Void) throws {
        try header.withLock { header in
            var content = header.content
            change(&content)
            let slot = StateHeader(
                sequence: header.sequence + 1, content: content, shape: shape, boot: boot, nonce: nonce)
            let bytes = try slot.encoded()
            // Everything this header speaks of is in memory before the header is.
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            let target = memory + StateShape.headers[Int(slot.sequence % 2)]
            bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            header = (slot.sequence, content, true)
        }
    }

    private func floats(_ offset: Int) -> UnsafeMutablePointer<Float> {
        (memory + offset).assumingMemoryBound(to: Float.self)
    }
}
