import Foundation
import MawsBase
import MawsTransport
import Testing

struct CertificateTests {
    private let cluster = try! Cluster()

    @Test func keysAndFolderAreForTheirOwnerAlone() throws {
        #expect(try mode(cluster.certificates) == 0o700)
        for role in Role.allCases { #expect(try mode("\(cluster.certificates)/\(role.rawValue).key") == 0o600) }
        #expect(try mode("\(cluster.certificates)/ca.key") == 0o600)
        #expect(try mode("\(cluster.certificates)/ca.pem") == 0o600)
        #expect(try mode("\(cluster.certificates)/server.pem") == 0o600)
    }

    @Test func everyRoleLoadsAndSaysWhoItIs() throws {
        for role in Role.allCases {
            #expect(
                try cluster.identity(role).own == PeerIdentity(role: role, name: role.rawValue, cluster: "test"))
        }
    }

    @Test func anExistingFolderIsNotOverwritten() throws {
        #expect(throws: TransportError.folderNotEmpty(path: cluster.certificates)) {
            try CertificateAuthority.make(folder: cluster.certificates, cluster: "other")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: cluster.folder) == ["certificates"])
    }

    @Test func aFolderThatCannotBeMadeIsNamed() throws {
        #expect {
            try CertificateAuthority.make(folder: "\(cluster.folder)/missing/certificates", cluster: "test")
        } throws: {
            "\($0)".contains("missing/certificates") && "\($0)".contains("No such file")
        }
    }

    @Test func aClusterNameThatDoesNotFitIsRefused() throws {
        for name in ["", String(repeating: "x", count: 65), "a/b"] {
            #expect(throws: TransportError.self) {
                try CertificateAuthority.make(folder: "\(cluster.folder)/other", cluster: name)
            }
        }
    }

    @Test func aMissingFileIsNamed() throws {
        try FileManager.default.removeItem(atPath: "\(cluster.certificates)/trainer.key")
        expectFailure(.trainer, "trainer.key: cannot be read (No such file or directory)")
    }

    @Test func aKeyThatOthersMayReadIsRefused() throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: "\(cluster.certificates)/trainer.key")
        expectFailure(.trainer, "run `chmod 600` on it")
    }

    @Test func aKeyOfAnotherCertificateIsRefused() throws {
        try replace("trainer.key", with: "server.key")
        expectFailure(.trainer, "does not hold the private key of")
    }

    @Test func aCertificateOfAnotherRoleIsRefused() throws {
        try replace("trainer.pem", with: "viewer.pem")
        expectFailure(.trainer, "is for the role viewer, but trainer is needed here")
    }

    @Test func aCertificateOfAnotherAuthorityIsRefused() throws {
        let other = try Cluster("other")
        try FileManager.default.removeItem(atPath: "\(cluster.certificates)/ca.pem")
        try FileManager.default.copyItem(
            atPath: "\(other.certificates)/ca.pem", toPath: "\(cluster.certificates)/ca.pem")
        expectFailure(.trainer, "was not signed by the authority in ca.pem")
    }

    @Test func anExpiredCertificateIsRefusedWhereItIsLoaded() throws {
        let (folder, name) = try cluster.issued("trainer", validSeconds: -60)
        #expect {
            _ = try TLSIdentity(folder: folder, role: .trainer, name: name)
        } throws: {
            "\($0)".contains("has expired")
        }
    }

    @Test func aTextThatIsNoCertificateIsRefused() throws {
        try Data("hello".utf8).write(to: URL(filePath: "\(cluster.certificates)/trainer.pem"))
        expectFailure(.trainer, "holds no certificate")
    }

    @Test func aFolderMadeForOneMachineIsUsedAsItIs() throws {
        let target = "\(cluster.folder)/colleague"
        try CertificateAuthority.issue(from: cluster.certificates, role: .trainer, name: "colleague", into: target)
        let identity = try TLSIdentity(folder: target, role: .trainer)
        #expect(identity.own == PeerIdentity(role: .trainer, name: "colleague", cluster: "test"))
        #expect { _ = try TLSIdentity(folder: target, role: .server) } throws: {
            "\($0)".contains("server.pem: cannot be read (No such file or directory)")
        }
    }

    @Test func ofSeveralCertificatesForOneRoleNoneIsGuessed() throws {
        let target = "\(cluster.folder)/machines"
        try CertificateAuthority.issue(from: cluster.certificates, role: .trainer, name: "gpu-7", into: target)
        let other = "\(cluster.folder)/other"
        try CertificateAuthority.issue(from: cluster.certificates, role: .trainer, name: "gpu-8", into: other)
        for ending in ["pem", "key"] {
            try FileManager.default.copyItem(atPath: "\(other)/gpu-8.\(ending)", toPath: "\(target)/gpu-8.\(ending)")
        }
        #expect { _ = try TLSIdentity(folder: target, role: .trainer) } throws: {
            "\($0)".contains("holds 2 certificates for the role trainer (gpu-7, gpu-8)")
        }
    }

    @Test func aNameThatWouldHideTheAuthorityIsRefused() {
        for name in ["ca", "a\nb", "a/b"] {
            #expect(throws: TransportError.self) {
                try CertificateAuthority.issue(
                    from: cluster.certificates, role: .trainer, name: name, into: "\(cluster.folder)/odd")
            }
        }
    }

    @Test func certificatesOfProcessesLiveForAYearAndSpeakUpInTheLastMonth() throws {
        #expect(try cluster.identity(.trainer).warnings.isEmpty)
        let day = 86_400
        let (folder, name) = try cluster.issued("trainer", validSeconds: 12 * day + 3600)
        let warnings = try TLSIdentity(folder: folder, role: .trainer, name: name).warnings
        #expect(warnings.count == 1)
        #expect(warnings[0].hasPrefix("the trainer certificate odd of this process expires in 12 days (20"))
        let now = 1_000_000_000
        let life = CertificateLife(endSeconds: now + 30 * day)
        #expect(life.warning(of: "it", atSeconds: now) == nil && life.daysLeft(atSeconds: now) == 30)
        #expect(life.warning(of: "it", atSeconds: now + 1)?.contains("expires in 29 days (2001-10-09)") == true)
        #expect(life.warning(of: "it", atSeconds: now + 30 * day - 1)?.contains("within a day") == true)
        #expect(life.warning(of: "it", atSeconds: now + 31 * day)?.contains("has expired") == true)
    }

    @Test func aRunsOwnCertificatesAreMadeAnewUnderTheSameAuthority() throws {
        #expect(try !CertificateAuthority.renew(folder: cluster.certificates))
        let folder = "\(cluster.folder)/short"
        try CertificateAuthority.make(folder: folder, cluster: "test", validDays: 20)
        let before = try Data(contentsOf: URL(filePath: "\(folder)/ca.pem"))
        #expect(try TLSIdentity(folder: folder, role: .server).warnings.count == 1)
        #expect(try CertificateAuthority.renew(folder: folder))
        #expect(try TLSIdentity(folder: folder, role: .server).warnings.isEmpty)
        #expect(try Data(contentsOf: URL(filePath: "\(folder)/ca.pem")) == before)
        #expect(try mode("\(folder)/server.key") == 0o600)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(!names.contains { $0.contains("partial") })
    }

    @Test func oneMoreCertificateServesUnderItsOwnName() throws {
        let target = "\(cluster.folder)/gpu-7"
        try CertificateAuthority.issue(from: cluster.certificates, role: .trainer, name: "gpu-7", into: target)
        let identity = try TLSIdentity(folder: target, role: .trainer, name: "gpu-7")
        #expect(identity.own == PeerIdentity(role: .trainer, name: "gpu-7", cluster: "test"))
    }

    private func mode(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as! Int
    }

    private func replace(_ name: String, with other: String) throws {
        try FileManager.default.removeItem(atPath: "\(cluster.certificates)/\(name)")
        try FileManager.default.copyItem(
            atPath: "\(cluster.certificates)/\(other)", toPath: "\(cluster.certificates)/\(name)")
    }

    private func expectFailure(
        _ role: Role, _ sentence: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(sourceLocation: sourceLocation) {
            _ = try cluster.identity(role)
        } throws: {
            "\($0)".contains(sentence)
        }
    }
}
