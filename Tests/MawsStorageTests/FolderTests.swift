import Foundation
import MawsFiles
import Testing

@Suite struct FolderTests {
    @Test(arguments: [
        ("a", "."), ("ab/c", "ab"), ("/a", "/"), ("/", "/"), ("a/b/", "a"), ("a//b", "a"), ("/a//", "/"), ("", "."),
    ])
    func whatIsAboveAPathIsFoundHoweverItsSlashesStand(path: String, above: String) {
        #expect(Folder.parent(of: path) == above)
    }

    @Test func aFileIsTheSameUnderEveryNameAndAnotherThanItsCopy() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("text", to: folder.file("one"))
        try AtomicFile.write("text", to: folder.file("copy"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("link"), withDestinationPath: folder.file("one"))
        let one = try OpenFile(folder.file("one"), flags: O_RDONLY)
        #expect(try one.identity() == FileIdentity(folder.file("link")))
        #expect(try one.identity() != FileIdentity(folder.file("copy")))
        #expect(FileIdentity(folder.file("none")) == nil)
    }
}
