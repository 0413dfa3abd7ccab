import Foundation
import MawsFiles
import MawsHash
import Testing

struct AtomicFileTests {
    @Test func newContentReplacesTheOldAndLeavesNothingElse() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("old", to: folder.file("plan.yaml"))
        try AtomicFile.write("new", to: folder.file("plan.yaml"), mode: 0o600)
        #expect(try folder.text("plan.yaml") == "new")
        #expect(try folder.names() == ["plan.yaml"])
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.file("plan.yaml"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func missingFolderIsOneClearSentence() throws {
        let folder = try TemporaryFolder()
        let error = try #require(throws: StorageError.self) {
            try AtomicFile.write("text", to: folder.file("missing/file"))
        }
        #expect("\(error)".contains("missing/file"))
        #expect("\(error)".contains("No such file or directory. Check that its folder exists."))
    }

    @Test func fullDiskIsOneClearSentence() throws {
        let error = try #require(throws: StorageError.self) {
            try AppendLog(path: "/dev/full").append("line")
        }
        #expect("\(error)".contains("the disk is full"))
    }

    @Test func appendedLinesSurviveReopening() throws {
        let folder = try TemporaryFolder()
        try AppendLog(path: folder.file("metrics.jsonl")).append("{\"step\":0}")
        let log = try AppendLog(path: folder.file("metrics.jsonl"))
        try log.append("{\"step\":1}")
        try log.synchronize()
        #expect(try folder.text("metrics.jsonl") == "{\"step\":0}\n{\"step\":1}\n")
    }

    @Test func hashIsSHA256() {
        // FIPS 180-2, appendix B.1.
        #expect(
            Hash.hexadecimal(of: Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
