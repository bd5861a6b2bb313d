<?php
// The settings of a test's wiki: one folder holds all of it, and the environment says which, and at which port.
$folder = getenv( 'WIKI_FOLDER' );
$wgSitename = 'Harbour';
$wgServer = preg_replace( '!/w$!', '', getenv( 'WIKI_ADDRESS' ) );
$wgScriptPath = '/w';
$wgResourceBasePath = '/w';
$wgArticlePath = '/w/index.php/$1';
$wgSecretKey = str_repeat( '0123456789abcdef', 4 );
$wgUpgradeKey = '0123456789abcdef';
$wgAuthenticationTokenVersion = '1';
$wgLanguageCode = 'en';
$wgLocaltimezone = 'UTC';

$wgDBtype = 'sqlite';
$wgDBname = 'wiki';
$wgSQLiteDataDir = "$folder/data";
$wgDBservers = [ [ 'type' => 'sqlite', 'dbname' => 'wiki', 'dbDirectory' => $wgSQLiteDataDir, 'host' => '', 'user' => '',
	'password' => '', 'tablePrefix' => '', 'load' => 1, 'flags' => DBO_DEFAULT, 'variables' => [ 'synchronous' => 'OFF' ] ] ];
$wgCacheDirectory = "$folder/cache";
$wgTmpDirectory = "$folder/cache";
// A file of its own for each: two connections of one request would wait for one another in one file.
foreach ( [ 'wikicache', 'wiki_jobqueue', 'wiki_l10n_cache' ] as $name ) {
	$files[$name] = [ 'type' => 'sqlite', 'dbname' => $name, 'tablePrefix' => '', 'dbDirectory' => $wgSQLiteDataDir,
		'variables' => [ 'synchronous' => 'OFF' ], 'trxMode' => 'IMMEDIATE', 'flags' => 0 ];
}
$wgObjectCaches[CACHE_DB] = [ 'class' => SqlBagOStuff::class, 'loggroup' => 'SQLBagOStuff', 'server' => $files['wikicache'] ];
$wgLocalisationCacheConf['storeServer'] = $files['wiki_l10n_cache'];
$wgJobTypeConf['default'] = [ 'class' => 'JobQueueDB', 'claimTTL' => 3600, 'server' => $files['wiki_jobqueue'] ];
$wgMainCacheType = CACHE_NONE;
$wgSessionCacheType = CACHE_DB;
$wgParserCacheType = CACHE_NONE;
$wgJobRunRate = 0;
$wgPingback = false;
$wgResourceLoaderStorageEnabled = false;
$wgEnableEmail = false;
$wgRateLimits = [];
$wgPasswordAttemptThrottle = [];
$wgPasswordConfig['pbkdf2']['cost'] = '1';

$wgEnableUploads = true;
$wgUploadDirectory = "$folder/images";
$wgUploadPath = '/images';
$wgUseImageMagick = false;
$wgFileExtensions = [ 'png', 'jpg', 'txt' ];
$wgHashedUploadDirectory = true;

$wgGroupPermissions['sysop']['deletelogentry'] = true;
$wgGroupPermissions['sysop']['deleterevision'] = true;
$wgGroupPermissions['sysop']['suppressrevision'] = true;
$wgGroupPermissions['sysop']['viewsuppressed'] = true;
$wgGroupPermissions['sysop']['hideuser'] = true;
$wgGroupPermissions['sysop']['renameuser'] = true;
$wgGroupPermissions['sysop']['suppressredirect'] = true;

wfLoadSkin( 'Vector' );
wfLoadExtension( 'Renameuser' );
