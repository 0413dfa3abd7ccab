import Foundation
import MawsData
import MawsDataTestSupport
import MawsTestSupport
import Testing

/// What machines tell web servers that ask who is there: from the environment or from a file, never from the address.
@Suite struct CredentialTests {
    private static let user = ["MAWS_DATA_USER": "alice", "MAWS_DATA_PASSWORD": "s3cret"]

    @Test(arguments: ["127.0.0.1", "other.example, 127.0.0.1"])
    func aHostThatMayKnowThePasswordGetsItFromTheEnvironment(_ host: String) throws {
        #expect(try Self.count("private", Self.user.merging(["MAWS_DATA_HOST": host]) { $1 }) == 12)
    }

    @Test func aHostThatMayNotKnowThePasswordIsNotTold() throws {
        for host in ["other.example", "https://127.0.0.1", "127.0.0.1:1", "127.0.0.1.example"] {
            let (sentence, greetings) = try Self.failure("private", Self.user.merging(["MAWS_DATA_HOST": host]) { $1 })
            #expect(sentence.contains("the server answered 401: who asks is not known to it"), "\(sentence)")
            #expect(sentence.contains("MAWS_DATA_PASSWORD, or a .netrc file"))
            #expect(greetings.contains("nobody") && !greetings.contains("Basic"), "\(host): \(greetings)")
        }
    }

    @Test func aTokenOfTheEnvironmentIsAddedToTheQuery() throws {
        let environment = ["MAWS_DATA_HOST": "127.0.0.1", "MAWS_DATA_QUERY": "sig=s3cret"]
        #expect(try Self.count("signed", environment) == 12)
        #expect(try Self.failure("signed", [:]).0.contains("answered 403"))
    }

    @Test func aTokenInAnAddressIsUsedAndNotShown() throws {
        #expect(try Self.count("signed", [:], query: "?sig=s3cret") == 12)
        let sentence = try Self.failure("missing", [:], query: "?sig=s3cret").0
        #expect(sentence.contains("a.tar?sig=*** from byte 0 on") && !sentence.contains("s3cret"), "\(sentence)")
    }

    @Test func aFileThatItsOwnerAloneMayReadTellsThePassword() throws {
        let netrc = try Self.netrc("machine 127.0.0.1 login alice password s3cret", mode: 0o600)
        #expect(try Self.count("private", ["MAWS_NETRC": netrc.path("netrc")]) == 12)
    }

    @Test(arguments: [0o640, 0o604, 0o644])
    func aFileOfPasswordsThatOthersMayReadIsRefused(_ mode: Int) throws {
        let netrc = try Self.netrc("machine 127.0.0.1 login alice password s3cret", mode: mode)
        let (sentence, greetings) = try Self.failure("private", ["MAWS_NETRC": netrc.path("netrc")])
        #expect(sentence.contains("netrc holds passwords and other users may read it; run `chmod 600`"), "\(sentence)")
        #expect(greetings.isEmpty)
    }

    @Test func aFileOfPasswordsThatIsNotThereIsNamed() throws {
        let sentence = try Self.failure("private", ["MAWS_NETRC": "/no/such/netrc"]).0
        #expect(sentence.contains("Cannot read the passwords in /no/such/netrc: No such file"), "\(sentence)")
    }

    /// A server that sends on to another host must not thereby hand over what is for itself.
    @Test func whereAServerSendsOnToIsNotToldItsPassword() throws {
        let netrc = try Self.netrc("machine 127.0.0.1 login alice password s3cret", mode: 0o600)
        for environment in [
            Self.user.merging(["MAWS_DATA_HOST": "127.0.0.1"]) { $1 }, ["MAWS_NETRC": netrc.path("netrc")],
        ] {
            let (folder, server) = try RemoteTests.served()
            defer { withExtendedLifetime((folder, server)) {} }
            #expect(try Self.dataset("moved", environment, folder, server).count == 12)
            let greetings = try folder.text("greetings").split(separator: "\n")
            #expect(greetings.contains { $0.hasPrefix("127.0.0.1") && $0.hasSuffix("Basic YWxpY2U6czNjcmV0") })
            #expect(greetings.filter { $0.hasPrefix("localhost") }.allSatisfy { $0.hasSuffix("nobody") })
            #expect(greetings.contains { $0.hasPrefix("localhost") })
        }
    }

    @Test func anAddressWithAPasswordIsFollowedFromNowhere() throws {
        let (sentence, greetings) = try Self.failure("betrayed", [:])
        #expect(sentence.contains("the server sends on to an address with a user or a password"), "\(sentence)")
        #expect(!sentence.contains("s3cret") && !greetings.contains("localhost"), "\(greetings)")
        let folder = try Folder()
        let direct = Fixture.sentence {
            _ = try Dataset(
                Fixture.split(["http://alice:s3cret@127.0.0.1:1/a.tar"]), root: "", access: RemoteTests.access(folder))
        }
        #expect(direct?.hasPrefix("http://***@127.0.0.1:1/a.tar has a user or a password in it") == true)
    }

    @Test(arguments: [
        (["MAWS_DATA_USER": "alice", "MAWS_DATA_PASSWORD": "s3cret"], "MAWS_DATA_USER is set without MAWS_DATA_HOST"),
        (["MAWS_DATA_QUERY": "sig=s3cret"], "MAWS_DATA_QUERY is set without MAWS_DATA_HOST"),
        (["MAWS_DATA_HOST": "h", "MAWS_DATA_USER": "alice"], "MAWS_DATA_USER is set alone"),
        (["MAWS_DATA_HOST": "h", "MAWS_DATA_PASSWORD": "s3cret"], "MAWS_DATA_PASSWORD is set alone"),
    ])
    func settingsThatContradictThemselvesAreNamed(_ environment: [String: String], _ words: String) throws {
        let (sentence, greetings) = try Self.failure("good", environment)
        #expect(sentence.hasPrefix(words) && !sentence.contains("s3cret"), "\(sentence)")
        #expect(greetings.isEmpty)
    }

    @Test func whatACommandSaysItsSecretsInIsNotShown() throws {
        let folder = try Folder()
        let commands = [
            "echo 'curl: https://alice:s3cret@h/?sig=s3cret failed' >&2; exit 1",
            "true --token s3cret 'Authorization: Bearer s3cret'; exit 1",
        ]
        for command in commands {
            let sentence = Fixture.sentence {
                _ = try Dataset(Fixture.split(["pipe:" + command]), root: "", access: RemoteTests.access(folder))
            }
            #expect(
                sentence?.contains("ended with 1") == true && sentence?.contains("s3cret") == false, "\(sentence ?? "")"
            )
        }
    }

    @Test func whatIsKeptOfSomebodysDataIsForThisUserAlone() throws {
        let (folder, server) = try RemoteTests.served()
        defer { withExtendedLifetime((folder, server)) {} }
        #expect(try Self.dataset("good", [:], folder, server).sample(3).image.count > 0)
        let mode = { (path: String) in
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(folder.path("cache")) == 0o700)
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path("cache"))
        let blocks = names.filter { $0.hasSuffix("/0") }
        #expect(!blocks.isEmpty)
        for block in blocks { #expect(try mode(folder.path("cache/" + block)) == 0o600) }
    }

    // MARK: - Worlds

    private static func dataset(
        _ manner: String, _ environment: [String: String], _ folder: Folder, _ server: WebServer, query: String = ""
    ) throws -> Dataset {
        var access = RemoteTests.access(folder)
        access.credentials = DataCredentials(environment: environment)
        return try Dataset(
            Fixture.split(["\(server.address)/\(manner)/a.tar\(query)"]), root: "", access: access)
    }

    private static func count(_ manner: String, _ environment: [String: String], query: String = "") throws -> Int {
        let (folder, server) = try RemoteTests.served()
        defer { withExtendedLifetime((folder, server)) {} }
        return try dataset(manner, environment, folder, server, query: query).count
    }

    /// The sentence that the data is refused with, and what the server was told.
    private static func failure(
        _ manner: String, _ environment: [String: String], query: String = ""
    ) throws -> (String, greetings: String) {
        let (folder, server) = try RemoteTests.served()
        defer { withExtendedLifetime((folder, server)) {} }
        let sentence = Fixture.sentence { _ = try dataset(manner, environment, folder, server, query: query) }
        return (try #require(sentence), (try? folder.text("greetings")) ?? "")
    }

    private static func netrc(_ text: String, mode: Int) throws -> Folder {
        let folder = try Folder()
        let path = folder.path("netrc")
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return folder
    }
}
