package prompt

// words are 256 common English words of four letters each, one after the
// other. With the space before it, and without one as the first of a text, each is one
// token in the vocabularies of GPT-2 to GPT-4o (r50k, p50k, cl100k, o200k), and in
// those of most models since; in the simulator, too.
//
// Note: fixed width keeps the list a constant that needs no table, and is near
// English's own bytes a token. Digits would make shorter openers, and are one token
// for three of them in one vocabulary and for each in the next.
const words = "" +
	"ableagesalsoareaartsawaybabybackballbandbankbasebearbeatbeenbellbestbillbirdblueboatbodybookborn" +
	"bothcallcardcarecarscasecellchatcityclubcoalcoatcodecoldcomecookcoolcopycorecorncostcrewdarkdata" +
	"datedaysdealdeepdoesdogsdonedoordowndrawdropeacheasteasyedgeelseendseveneverexiteyesfacefactfail" +
	"fairfallfarmfastfeedfeelfilefillfilmfindfinefirefishfiveflowfoodfootformfourfreefromfullfundgain" +
	"gamegategivegoalgoldgonegoodgrowhairhalfhallhandhardhaveheadheatheldhelphereherohidehighhillhold" +
	"holehomehosthourintoironitemjobsjoinjustkeepkindkingknowlandlateleadleftlesslifeliftlikelinelink" +
	"listliveloadlonglooklosslostlovemademailmainmakemanymapsmarkmassmeanmeetmilemindmissmoonmoremost" +
	"movemuchmustnamenearneednewsnextniceninenonenoteonceonesonlyopenoverpagepaidpairparkpartpasspast" +
	"pathpeakpickpipeplanplayplotpoolportpostpullpurepushracerainratereadrealrestricerichrideriserisk" +
	"roadrockroleroomrootroserulesafesaidsalesamesaveseatseenselfsellsendsentshipshopshowsidesignsite" +
	"sizeskinslowsoftsoldsomesongsoonsortspotstarstaystepstopsuchsure"

const wordLetters = 4
