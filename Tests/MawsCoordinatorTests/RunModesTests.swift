import Foundation
import Glibc
import MawsBase
import MawsCoordinator
import MawsFiles
import MawsRecords
import Testing

/// Who may read a run's folder, and what of it nobody else ever may.
struct RunModesTests {
    private func modes(_ run: RunFixture, _ paths: [String]) throws -> [mode_t] {
        try paths.map { try Folder.mode(of: $0) & 0o777 }
    }

    private func write(_ path: String, mode: mode_t) throws {
        try AtomicFile.write("x", to: path)
        chmod(path, mode)
    }

    @Test(arguments: [
        (RunAccess.owner, mode_t(0o700), mode_t(0o600)), (.group, 0o750, 0o640), (.world, 0o755, 0o644),
    ])
    func whatAPlanLetsOthersReadTheyMayAndNothingElse(access: RunAccess, folder: mode_t, file: mode_t) throws {
        let run = try RunFixture()
        let (open, closed) = ("\(run.paths.results)/mae.json", "\(run.paths.state)/shard-0")
        try write(open, mode: 0o777)
        try write(closed, mode: 0o666)
        try write("\(run.paths.folder)/notes.txt", mode: 0o666)
        chmod(run.paths.folder, 0o777)
        chmod(run.paths.state, 0o777)
        let notes = try RunModes(paths: run.paths, access: access, peoplesFolders: []).settle()
        #expect(
            try modes(run, [run.paths.folder, run.paths.results, run.paths.logs]) == [folder, folder, folder])
        // What was a program stays one.
        #expect(try modes(run, [open, "\(run.paths.folder)/notes.txt"]) == [folder, file])
        #expect(try modes(run, [run.paths.state, closed]) == [0o700, 0o600])
        #expect(notes.count == 1)
        #expect(notes[0].contains("were open to more users than run_mode \(access.rawValue) allows"))
        #expect(try RunModes(paths: run.paths, access: access, peoplesFolders: []).settle() == [])
    }

    /// Nothing was open to too many: it is opened, and that is said in other words.
    @Test func aRunThatIsOpenedSaysSo() throws {
        let run = try RunFixture()
        _ = try RunModes(paths: run.paths, access: .owner, peoplesFolders: []).settle()
        let notes = try RunModes(paths: run.paths, access: .group, peoplesFolders: []).settle()
        #expect(
            notes == ["4 files and folders of \(run.paths.folder) now have the permissions of run_mode group"])
    }

    /// `run: .`, or a folder that somebody lives or works in: what else is there is theirs.
    @Test(arguments: ["", "/desk", "/desk/mine/work"])
    func aFolderThatPeopleWorkInKeepsWhatIsTheirs(peoples: String) throws {
        let run = try RunFixture()
        let folder = run.paths.folder
        let (theirs, own) = ("\(folder)/letter.txt", run.paths.metrics)
        try Folder.make("\(folder)/desk/mine/work")
        try write(theirs, mode: 0o666)
        try write(own, mode: 0o666)
        try write("\(run.paths.state)/shard-0", mode: 0o666)
        chmod(folder, 0o777)
        let modes = RunModes(paths: run.paths, access: .group, peoplesFolders: [folder + peoples])
        let notes = try modes.settle()
        #expect(try self.modes(run, [folder, theirs]) == [0o777, 0o666])
        #expect(try self.modes(run, [own, "\(run.paths.state)/shard-0"]) == [0o640, 0o600])
        #expect(notes.first == "\(folder) is a folder that people work in, and keeps its permissions")
        #expect(notes.count == 2)
    }

    /// A name that begins alike is another folder's, and one that is not there is nobody's.
    @Test func aNeighbourOfAPeoplesFolderIsTheRuns() throws {
        let run = try RunFixture()
        try Folder.make("\(run.paths.folder)-2")
        chmod(run.paths.folder, 0o777)
        let others = ["\(run.paths.folder)-2", "\(run.paths.folder)/gone", run.folder]
        _ = try RunModes(paths: run.paths, access: .owner, peoplesFolders: others).settle()
        #expect(try modes(run, [run.paths.folder]) == [0o700])
    }

    /// Links are followed: it is the folder that counts, not what a plan calls it.
    @Test func aPeoplesFolderIsKnownByAnyName() throws {
        let run = try RunFixture()
        let link = "\(run.folder)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: run.paths.folder)
        let notes = try RunModes(
            paths: RunPaths(folder: link), access: .owner, peoplesFolders: [run.paths.folder]
        ).settle()
        #expect(notes.first == "\(link) is a folder that people work in, and keeps its permissions")
    }

    @Test func whatIsMadeFromNowOnIsWithheldToo() async throws {
        await #expect(processExitsWith: .exitCode(0o027)) {
            umask(0)
            RunModes(paths: RunPaths(folder: "run"), access: .group).withhold()
            exit(Int32(umask(0)))
        }
    }
}

/// Where things lie, and whose they are.
struct RunPathsTests {
    private let paths = RunPaths(folder: "runs/a")

    @Test func keysStatesAndFeaturesAreNeverForOthers() {
        #expect(paths.unreadable == ["runs/a/state", "runs/a/cache", "runs/a/certificates"])
        for path in paths.unreadable {
            #expect(!paths.readable.contains { $0 == path || $0.hasPrefix("\(path)/") || path.hasPrefix("\($0)/") })
        }
    }

    /// A file that nobody's rule names would keep the permissions that it was made with.
    @Test func everyFileOfARunIsOneOrTheOther() {
        let all = [
            paths.lock, paths.plan, paths.database, paths.address, paths.certificates, paths.metrics, paths.stages,
            paths.starts, paths.machines, paths.skipped, paths.samples, paths.checkpoints, paths.state, paths.cache,
            paths.logs, paths.results,
        ]
        #expect(Set(all).count == all.count)
        #expect(Set(all).subtracting(paths.readable + paths.unreadable).isEmpty)
        #expect(all.allSatisfy { $0.hasPrefix("runs/a/") && !$0.dropFirst(7).contains("/") })
        #expect(Set(EarlierRun.ownNames.map { "runs/a/\($0)" }).isSubset(of: all))
        #expect(paths.log("server-0") == "runs/a/logs/server-0.log")
    }
}
