using System.Security.Cryptography;
using System.Text;

namespace FedPlatform.Web.Identity;

/// <summary>Tokens: 256 random bits, of which only the SHA-256 is kept. No salt is needed for something that cannot be guessed.</summary>
public static class Secrets
{
    /// <summary>A new token, <c>prefix_…</c> in URL-safe characters.</summary>
    public static string New(string prefix)
    {
        var text = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return $"{prefix}_{text}";
    }

    /// <summary>SHA-256, lower-case hex.</summary>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>Compares in constant time.</summary>
    public static bool Same(string a, string b) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
