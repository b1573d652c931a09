using Microsoft.Data.Sqlite;

namespace FedPlatform.Web.Persistence;

/// <summary>How a full disk looks in an exception.</summary>
internal static class DiskFull
{
    private const int SqliteFull = 13;
    private const int NoSpaceLeft = 28;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static bool Is(Exception? e) => e switch
    {
        null => false,
        SqliteException { SqliteErrorCode: SqliteFull } => true,
        IOException { HResult: NoSpaceLeft or WindowsDiskFull } => true,
        _ => Is(e.InnerException),
    };
}
