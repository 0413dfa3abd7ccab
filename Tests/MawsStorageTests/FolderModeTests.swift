import Foundation
import MawsFiles
import Testing

@Suite struct FolderModeTests {
    @Test func whatIsThereGetsTheModesOfAnUmaskAndLinksAreLeftAlone() throws {
        let folder = try TemporaryFolder()
        let outside = try TemporaryFolder()
        try make(outside, "foreign", 0o644)
        try FileManager.default.createDirectory(atPath: folder.file("run/logs"), withIntermediateDirectories: true)
        try make(folder, "run/plan.yaml", 0o644)
        try make(folder, "run/logs/coordinator.log", 0o666)
        try make(folder, "run/script", 0o755)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("run/link"), withDestinationPath: outside.file("foreign"))
        var modes = FolderModes(withheldBits: 0o077)
        try modes.settle(folder.file("run"))
        #expect(modes.changedCount == 5 && modes.closedCount == 5)
        for (name, mode) in [
            ("run", 0o700), ("run/logs", 0o700), ("run/plan.yaml", 0o600), ("run/logs/coordinator.log", 0o600),
            ("run/script", 0o700),
        ] { #expect(try self.mode(folder.file(name)) == mode, "\(name)") }
        #expect(try mode(outside.file("foreign")) == 0o644)
        var again = FolderModes(withheldBits: 0o027)
        try again.settle(folder.file("run"))
        #expect(again.changedCount == 5 && again.closedCount == 0)
        #expect(try mode(folder.file("run/plan.yaml")) == 0o640 && mode(folder.file("run")) == 0o750)
    }

    @Test func aFolderOfStatesIsMadePrivateUnlessOthersUseItToo() throws {
        let folder = try TemporaryFolder()
        let state = folder.file("state")
        #expect(try !Folder.makePrivate(state, holding: "shard-") && mode(state) == 0o700)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: state)
        try make(folder, "state/shard-0-of-1.state", 0o600)
        #expect(try Folder.makePrivate(state, holding: "shard-") && mode(state) == 0o700)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: state)
        try make(folder, "state/notes.txt", 0o644)
        #expect(try !Folder.makePrivate(state, holding: "shard-") && mode(state) == 0o755)
    }

    private func make(_ folder: TemporaryFolder, _ name: String, _ mode: Int) throws {
        _ = FileManager.default.createFile(atPath: folder.file(name), contents: Data("x".utf8))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.file(name))
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }
}
