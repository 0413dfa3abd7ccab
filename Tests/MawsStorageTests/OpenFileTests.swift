import Foundation
import Glibc
import MawsFiles
import Testing

/// Files as the system gives them: ends that come early, holes, locks, folders, and what is said of each failure.
struct OpenFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func file(_ name: String, _ bytes: [UInt8] = [], flags: Int32 = O_RDWR) throws -> OpenFile {
        try Data(bytes).write(to: URL(filePath: folder.file(name)))
        return try OpenFile(folder.file(name), flags: flags)
    }

    @Test func aReadBeyondTheEndSaysHowMuchIsMissing() throws {
        let file = try file("short", [1, 2, 3, 4, 5])
        var bytes = [UInt8](repeating: 0, count: 4)
        try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 1) }
        #expect(bytes == [2, 3, 4, 5])
        for (offset, end) in [(2, 5), (5, 5), (900, 900)] {
            let error = try #require(throws: StorageError.self) {
                try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
            }
            #expect("\(error)".hasSuffix("it ends at byte \(end), \(offset + 4 - end) too early."))
            #expect(error.isDamage)
        }
    }

    @Test func aWriteBehindTheEndLeavesAHoleOfZeros() throws {
        let file = try file("sparse", [7])
        try [UInt8](repeating: 9, count: 10).withUnsafeBytes { try file.write($0, at: 1 << 20) }
        #expect(try file.size() == 1 << 20 + 10)
        #expect(file.isHole(1 << 16..<1 << 19))
        #expect(!file.isHole(0..<1) && !file.isHole(0..<1 << 20) && !file.isHole(1 << 20..<1 << 20 + 10))
        var bytes = [UInt8](repeating: 1, count: 100)
        try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 1 << 17) }
        #expect(bytes.allSatisfy { $0 == 0 })
    }

    @Test func spaceIsReservedOrRefusedWithoutAChange() throws {
        let file = try file("reserved", [1, 2, 3])
        try file.reserve(1 << 16)
        #expect(try file.size() == 1 << 16)
        try file.reserve(0)
        #expect(throws: StorageError.self) { try file.reserve(1 << 60) }
        try file.resize(2)
        #expect(try file.size() == 2)
        #expect(throws: StorageError.self) { try file.resize(-1) }
        #expect(try Data(contentsOf: URL(filePath: folder.file("reserved"))) == Data([1, 2]))
    }

    @Test func aFileThatMayOnlyBeReadOrIsAFolderIsNamed() throws {
        let file = try file("fixed", [1], flags: O_RDONLY)
        let error = try #require(throws: StorageError.self) {
            try [UInt8(2)].withUnsafeBytes { try file.write($0, at: 0) }
        }
        #expect("\(error)".hasPrefix("cannot write \(folder.file("fixed"))"))
        let open = try #require(throws: StorageError.self) { try AtomicFile.read(folder.path) }
        #expect("\(open)".contains(folder.path) && open.isDamage)
        let write = try #require(throws: StorageError.self) { try AtomicFile.write("x", to: folder.path) }
        #expect("\(write)".hasPrefix("cannot move into place \(folder.path)"))
        #expect(try folder.names() == ["fixed"])
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path).\(getpid()).partial"))
    }

    /// A process that died left its temporary file, under the number that this one has now.
    @Test func whatADeadWriterLeftIsNoPartOfTheNextContent() throws {
        let partial = folder.file("plan.\(getpid()).partial")
        try Data(repeating: 7, count: 5000).write(to: URL(filePath: partial))
        try AtomicFile.write("new", to: folder.file("plan"))
        #expect(try folder.text("plan") == "new")
        #expect(try folder.names() == ["plan"])
    }

    @Test func aReaderKeepsTheOldFileWhileItIsReplaced() throws {
        try AtomicFile.write("old text", to: folder.file("plan"))
        let reader = try OpenFile(folder.file("plan"), flags: O_RDONLY)
        try AtomicFile.write("new", to: folder.file("plan"))
        var bytes = [UInt8](repeating: 0, count: 8)
        try bytes.withUnsafeMutableBytes { try reader.read(into: $0, at: 0) }
        #expect(String(decoding: bytes, as: UTF8.self) == "old text")
        #expect(try AtomicFile.read(folder.file("plan")) == Array("new".utf8))
    }

    @Test func linesOfManyThreadsAreWhole() throws {
        let log = try AppendLog(path: folder.file("log"), mode: 0o600)
        DispatchQueue.concurrentPerform(iterations: 200) { number in
            try? log.append(String(repeating: "\(number % 10)", count: 300))
        }
        let lines = try folder.text("log").split(separator: "\n")
        #expect(lines.count == 200 && lines.allSatisfy { $0.count == 300 && Set($0).count == 1 })
        #expect(try Folder.mode(of: folder.file("log")) == 0o600)
    }

    @Test func aLockIsFreeAgainWhenItsOwnerIsGone() throws {
        var lock: FileLock? = try FileLock(path: folder.file("lock"))
        let error = try #require(throws: StorageError.self) { try FileLock(path: folder.file("lock")) }
        #expect(error == .inUse(path: folder.file("lock")) && !error.isDamage)
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try FileLock(path: folder.file("lock"))
        let away = try #require(throws: StorageError.self) { try FileLock(path: folder.file("none/lock")) }
        #expect("\(away)".hasPrefix("cannot lock"))
    }

    /// A child of the process does not keep what the process has locked or open.
    @Test func aChildHasNoneOfTheFiles() throws {
        let file = try file("own", [1])
        #expect(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func foldersAreMadeWithTheirParentsAndRemovedWithTheirFilesAlone() throws {
        let path = folder.file("a/b/c")
        try Folder.make(path, mode: 0o700)
        try Folder.make(path)
        #expect(try Folder.mode(of: path) == 0o700 && Folder.exists(path))
        for name in ["z", "10", "9"] { try AtomicFile.write("x", to: "\(path)/\(name)") }
        #expect(try Folder.names(in: path) == ["10", "9", "z"])
        let full = try #require(throws: StorageError.self) { try Folder.remove(folder.file("a")) }
        #expect("\(full)".hasPrefix("cannot remove \(folder.file("a/b"))") && Folder.exists(path))
        try Folder.remove(path)
        try Folder.remove(path)
        #expect(try folder.names("a/b") == [])
        try AtomicFile.write("x", to: folder.file("file"))
        let below = try #require(throws: StorageError.self) { try Folder.make(folder.file("file/below")) }
        #expect("\(below)".contains("A part of the path is a file, not a folder."))
        #expect(throws: StorageError.self) { try Folder.names(in: folder.file("none")) }
        #expect(throws: StorageError.self) { try Folder.synchronize(folder.file("file")) }
    }

    /// What is damage is read from elsewhere or made again; a person helps with what is not.
    @Test func failuresSayWhatToDoAndWhetherAnotherCopyHelps() {
        for (code, advice, isDamage) in [
            (ENOENT, "Check that its folder exists.", true), (EIO, "Check the disk and the path.", true),
            (EACCES, "Check who owns it and what they may do.", false), (EROFS, "The file system is read-only.", false),
            (ENOTDIR, "A part of the path is a file, not a folder.", true),
            (EMFILE, "Raise the limit on open files.", false), (ELOOP, "Check the disk and the path.", true),
        ] {
            let error = StorageError.last("read", "/data/x", code: code)
            #expect("\(error)".hasPrefix("cannot read /data/x: ") && "\(error)".hasSuffix(advice))
            #expect(error.isDamage == isDamage, "code \(code)")
        }
        for code in [ENOSPC, EDQUOT] {
            let error = StorageError.last("write", "/data/x", bytes: 70, code: code)
            #expect(error == .full(path: "/data/x", bytes: 70) && !error.isDamage)
            #expect("\(error)".hasPrefix("the disk is full: /data/x needs 70 bytes."))
        }
    }
}
